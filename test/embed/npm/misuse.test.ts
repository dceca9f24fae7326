import test, { type ExecutionContext } from 'ava';
import { indexMap, pairwiseLoss, softmax, type RunInputs } from '../../../runtime/index.js';
import { golden } from '../../support/golden.js';
import { resizableBuffer } from '../../support/resizable.js';
import { here, type ExportedCase } from '../support/exported-case.js';
import { outsideFolder } from '../support/folder.js';
import { exportPackage, importPackage, installPackage, type Form } from './support/project.js';

/** Of all that a package takes, something. */
const loss = pairwiseLoss('weighed', {
  params: ['logScale'],
  attributes: { rows: { weight: 'f32' }, cols: { label: 'i32' } },
  positives: indexMap,
  logit: ({ dot, params }) => Math.exp(params.logScale) * dot,
  rows: { ...softmax(), counts: ({ col }) => col.label >= 0, value: ({ lse, positiveLogit, row }) => row.weight * (lse - positiveLogit) },
});
const dim = 16;
const one: ExportedCase = { name: 'misuse', loss, precision: 'f32', queries: 20, keys: 30, dim, params: {} };

const right = (): RunInputs => ({
  q: new Float32Array(20 * dim).fill(0.1),
  k: new Float32Array(30 * dim).fill(0.1),
  params: { logScale: 1 },
  rows: { weight: new Float32Array(20).fill(1) },
  cols: { label: new Int32Array(30) },
  positives: new Int32Array(20),
});

interface Wrong {
  readonly inputs: readonly (readonly [name: string, fields: Readonly<Record<string, unknown>>])[];
  /** Beside right inputs. */
  readonly options: readonly unknown[];
}

/** What types forbid, by name; undefined leaves a field out. */
const wrong: Wrong['inputs'] = [
  ['no q', { q: undefined }],
  ['q is an array', { q: [1, 2, 3] }],
  ['q is in half precision', { q: new Uint16Array(20 * dim) }],
  ['q is empty', { q: new Float32Array() }],
  ['q is not of whole rows', { q: new Float32Array(20 * dim + 1) }],
  ['q was taken away', { q: transferred(new Float32Array(20 * dim)) }],
  ['q is not finite', { q: new Float32Array(20 * dim).fill(1).fill(NaN, 35, 36) }],
  ['k is too large for fp32', { k: new Float32Array(30 * dim).fill(3e38) }],
  ['no params', { params: undefined }],
  ['an unknown parameter', { params: { logScale: 1, bias: 2 } }],
  ['a parameter is a string', { params: { logScale: '1' } }],
  ['a parameter is infinite', { params: { logScale: Infinity } }],
  ['a parameter overflows', { params: { logScale: 1000 } }],
  ['weights of another number', { rows: { weight: new Float32Array(21) } }],
  ['weights of another type', { rows: { weight: new Float64Array(20) } }],
  ['weights that are not finite', { rows: { weight: new Float32Array(20).fill(NaN, 3) } }],
  ['labels are missing', { cols: {} }],
  ['no column counts', { cols: { label: new Int32Array(30).fill(-1) } }],
  ['positives beyond the keys', { positives: new Int32Array(20).fill(30) }],
  ['positives of none', { positives: new Int32Array(20).fill(-1) }],
  ['a guide', { guide: {} }],
  ['labels are null', { cols: null }],
  ['an unknown input', { queries: new Float32Array(16) }],
];

function transferred(array: Float32Array<ArrayBuffer>): Float32Array {
  structuredClone(array, { transfer: [array.buffer] });
  return array;
}

const wrongOptions: Wrong['options'] = [null, 'x', { gradient: false }, { gradients: 'no' }];
const wrongToOpen = ['cpu', null, { foo: 1 }, { device: 'tpu' }, { threads: 0 }, { threads: 1.5 }, { gpu: 1 }, { device: 'cuda' }, { device: 'cuda', gpu: -1 }, { device: 'cuda', threads: 1 }, { cores: 2 }];

/** The runtime has more options, and reads arrays where they lie; a standalone package copies them. */
const beside: Wrong = {
  inputs: [
    ['q is resizable', { q: new Float32Array(resizableBuffer(20 * dim * 4)) }],
    ['weights are resizable', { rows: { weight: new Float32Array(resizableBuffer(20 * 4)) } }],
    ['positives are resizable', { positives: new Int32Array(resizableBuffer(20 * 4)) }],
  ],
  options: [{ signal: 'x' }, { onProgress: 1 }],
};

test('every misuse of a standalone package is an error that names the argument, and none ends the process', (t) =>
  checkMisuse(t, 'standalone', { inputs: [], options: [] }));
test('every misuse of a package beside the runtime is a diagnostic that names the argument, and none ends the process', (t) =>
  checkMisuse(t, 'hosted', beside));

async function checkMisuse(t: ExecutionContext, form: Form, more: Wrong): Promise<void> {
  const { open } = await importPackage(await installPackage(await outsideFolder(t), await exportPackage(one, form), form));
  const kernel = await open({ threads: 1 });
  t.is(kernel.target, here.name);
  const told: string[] = [];
  const tell = async (name: string, work: () => Promise<unknown>): Promise<void> => {
    const error = await t.throwsAsync(work, { instanceOf: Error }, name);
    told.push(`${name}: ${error.name}${'code' in error ? ` ${String(error.code)}` : ''}: ${error.message}`);
  };
  for (const [name, fields] of [...wrong, ...more.inputs]) await tell(name, () => kernel.run({ ...right(), ...fields }));
  await tell('nothing', () => kernel.run(undefined as never));
  await tell('null', () => kernel.run(null as never));
  for (const options of [...wrongOptions, ...more.options]) await tell(`run(..., ${JSON.stringify(options)})`, () => kernel.run(right(), options as never));
  for (const options of wrongToOpen) await tell(`open(${JSON.stringify(options)})`, () => open(options as never));
  const last = [kernel.run(right()), kernel.run(right(), { gradients: false })];
  kernel.close();
  kernel.close();
  for (const { loss } of await Promise.all(last)) t.true(Number.isFinite(loss), 'what was asked for before is finished');
  await tell('closed', () => kernel.run(right()));
  golden(t, `embed/npm-misuse.${form}.txt`, told.join('\n').replaceAll(here.name, '(target)'));
}
