import { readFile } from 'node:fs/promises';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { compileTargets, libraryNames } from '../../codegen/embed/c/index.js';
import type { Program } from '../../codegen/compile.js';
import { walk, type BoundArg, type BoundPlan } from '../../codegen/plan/bind.js';
import { bindWithin } from '../../codegen/plan/bind-within.js';
import { isStacked } from '../../codegen/plan/needs.js';
import type { Plan, Step } from '../../codegen/plan/plan.js';
import { matrixShape } from '../../runtime/matrix-shape.js';
import { automatic, clip, infoNCE, ntXent, siglip, targetNamed } from '../../runtime/index.js';
import { relatePositives, mapByRule } from '../../runtime/positives.js';
import { extremesOf, logitRange, runScalars, uniformsOf, type Scalars } from '../../runtime/scalars.js';
import { exactRange, softmaxRange } from '../../runtime/softmax-range.js';
import { walksOf } from '../../runtime/walks.js';
import { writeConsumer } from './support/consumer.js';
import type { ExportedCase } from './support/exported-case.js';
import { writeLibrary } from './support/library.js';
import { run } from './support/run.js';
import { buildDriver, float, multiprocessors } from './support/fake-driver.js';
import { outsideFolder } from './support/folder.js';

/*
 * The launcher of an exported library's GPU targets against a driver that writes down what it is told: the launches, fills and tensor
 * maps are those of the plan as it is walked here. The images are not those of kernels.
 */

interface LaunchCase extends ExportedCase {
  readonly target: 'sm_80' | 'sm_90a';
  readonly capability: string;
  /** What the images begin with that are loaded. */
  readonly image: 'cubin' | 'ptx';
  /** Whether gradients are made in the forward walk. */
  readonly fused?: boolean;
}

const targets = [targetNamed('sm_80'), targetNamed('sm_90a')].filter((target) => target !== undefined);

const cases: readonly LaunchCase[] = [
  { name: 'clip', loss: clip, precision: 'bf16', queries: 700, keys: 700, dim: 64, params: { logScale: 2.6 }, target: 'sm_90a', capability: '90', image: 'cubin' },
  { name: 'clip, packed planes', loss: clip, precision: 'f32', queries: 300, keys: 300, dim: 48, params: { logScale: 2.6 }, target: 'sm_80', capability: '86', image: 'cubin' },
  { name: 'clip on a newer GPU', loss: clip, precision: 'bf16', queries: 300, keys: 300, dim: 64, params: { logScale: 2.6 }, target: 'sm_80', capability: '120', image: 'ptx' },
  { name: 'infoNCE, both walks in one', loss: infoNCE, precision: 'bf16', queries: 900, keys: 5000, dim: 64, params: { logScale: 2 }, target: 'sm_90a', capability: '90', image: 'cubin', fused: true },
  { name: 'siglip', loss: siglip, precision: 'f16', queries: 90, keys: 1700, dim: 64, params: { logScale: 2.3, bias: -10 }, target: 'sm_90a', capability: '90', image: 'cubin' },
  { name: 'ntXent, stacked', loss: ntXent, precision: 'bf16', queries: 130, keys: 130, dim: 64, params: { logScale: 1 }, target: 'sm_80', capability: '80', image: 'cubin' },
];

for (const one of cases) test(`${one.name}: what is launched on ${one.target} (capability ${one.capability})`, (t) => checkLaunches(t, one));

test('a GPU is waited for between the walks until an offset has kept sums in range, and after one that has not', async (t) => {
  // Each call looks at the inputs first. In the first and the fourth the sums leave the range, and running maxima keep them there.
  t.is(await orderOfCalls(t, []), ['.f.fb.', '.f.b.', '.fb.', '.fb.fb.', '.f.b.'].join(''));
});

test('a queued call looks at the sums of the forward walk while the backward walk runs, or before it, and at nothing afterwards', async (t) => {
  t.is(await orderOfCalls(t, ['-DQUEUED']), ['.f.wf.brw', '.f.wbr', '.f.brw', '.f.brwf.brw', '.f.wbr'].join(''));
});

/** What five calls launch and look at, a letter each: f(orward) and b(ackward) walks, r(esults), a look, a w(ait) for one. */
async function orderOfCalls(t: ExecutionContext, flags: readonly string[]): Promise<string> {
  const [one] = cases;
  if (one === undefined) throw new Error('there is no case');
  const folder = await outsideFolder(t);
  await buildLibrary(folder, one);
  await writeConsumer(folder, one, { device: 'cuda', program: 'range.c' });
  await run('cc', ['-std=c99', '-Wall', '-Wextra', '-Werror', '-Wno-unused-function', '-Iinclude', ...flags, 'range.c', '-o', 'range', '-L.', '-linfinitile_clip'], folder);
  const [compiled] = compileTargets({ ...one, tiling: automatic, targets: [targetNamed(one.target)].filter((target) => target !== undefined) });
  if (compiled === undefined) throw new Error(`${one.target} is no target`);
  await run('./range', [], folder, { ...(await buildDriver(folder, compiled, one.capability)), FAKE_CUDA_RANGE: '+---+-' });
  const log = (await readFile(path.join(folder, 'log.txt'), 'utf8')).split('\n');
  return log.map((line) => marks.find(([start]) => line.startsWith(start))?.[1] ?? '').join('');
}

const marks = [['look', '.'], ['wait', 'w'], ['launch stats ', 'f'], ['launch gradient ', 'b'], ['launch results ', 'r']] as const;

async function checkLaunches(t: ExecutionContext, one: LaunchCase): Promise<void> {
  const folder = await outsideFolder(t);
  const { prefix } = libraryNames(one.loss.name);
  const compiled = compileTargets({ loss: one.loss, dim: one.dim, precision: one.precision, tiling: automatic, targets });
  await buildLibrary(folder, one);
  await writeConsumer(folder, one, { device: 'cuda' });
  await run('cc', ['-std=c99', '-Iinclude', 'consumer.c', '-o', 'consumer', '-L.', `-l${prefix}`], folder);

  const chosen = compiled.find(({ target }) => target.name === one.target);
  if (chosen === undefined) throw new Error(`${one.target} is no target`);
  const env = await buildDriver(folder, chosen, one.capability);
  t.is((await run('./consumer', [], folder, env)).trim(), one.target);
  const log = (await readFile(path.join(folder, 'log.txt'), 'utf8')).trimEnd().split('\n');

  const loaded = log.filter((line) => line.startsWith('load '));
  t.true(loaded.length > 0 && loaded.every((line) => line.includes(`${one.image} ${one.target}`.slice(0, 12))), loaded.join('\n'));
  t.is(log.at(-1), 'released');
  const told = log.filter((line) => /^(launch|fill) /.test(line));
  const { bound, commands: expected } = expectedCommands(one, chosen.programs);
  t.is(bound.fused, one.fused === true);
  t.is(told.length, expected.length);
  const bases = new Map<string, bigint>();
  expected.forEach((words, i) => t.deepEqual(resolved(words, told[i] ?? '', bases), told[i], `command ${i + 1}`));
}

/** For both targets. */
async function buildLibrary(folder: string, one: LaunchCase): Promise<void> {
  const { prefix } = libraryNames(one.loss.name);
  await writeLibrary(folder, one, targets.map(({ name }) => name), true);
  await run('sh', ['-c', `cc -std=c11 -Wall -Wextra -Werror -pedantic -O1 -fPIC -shared -Iinclude src/${prefix}.c kernels/*.c -lm -ldl -o lib${prefix}.so`], folder);
}

/** A word of a command as it is known here: a number is left open where it is an address. */
type Word = string | { readonly kind: 'p' | 't'; readonly buffer: string; readonly offset: number; readonly rest: string };

/** As the consumer calls the library: both in one, then one after the other. */
function expectedCommands(one: LaunchCase, [bounded, running]: readonly Program[]): { readonly bound: BoundPlan; readonly commands: readonly (readonly Word[])[] } {
  if (bounded === undefined) throw new Error('there is no program');
  const { loss, queries, keys, params } = one;
  const shape = matrixShape(loss, { queries, keys });
  const relation = relatePositives(loss, shape, mapByRule(loss, shape, { count: shape.n, numberOf: (row) => row }, () => ({})));
  const extremes = extremesOf(shape, 1 + 2 ** -6, { row: [], col: [] });
  const weights = [relation.rowWeight, relation.colWeight].map(Math.abs).filter((weight) => weight > 0);
  const range = running === undefined ? exactRange : softmaxRange(logitRange(bounded, loss, params, extremes), Math.max(shape.n, shape.m), Math.min(...weights));
  const program = range.mode === 'running' && running !== undefined ? running : bounded;
  const target = targetNamed(one.target);
  const bound = bindWithin(program.plan, { ...shape, workers: multiprocessors }, target?.defaultWorkspace ?? 0);
  const values = { scalars: runScalars(program, loss, params, extremes, relation, range), uniforms: uniformsOf(program, loss, params, shape.n, shape.m) };
  const of = (steps: readonly Step[]) => commands(bound, steps, values);
  const softmax = running !== undefined;
  const both = walksOf(bound, { forward: softmax, backward: true });
  const inspected = of(program.plan.inspect);
  const walks = both.flatMap(of);
  return {
    bound,
    commands: [
      ...[...inspected, ...walks],
      ...[...inspected, ...of(program.plan.forward), ...of(program.plan.backward)],
      ...[...inspected, ...walks, resultsCommand(program.plan, loss.params.length)],
      ...[...inspected, ...of(program.plan.forward), resultsCommand(program.plan, 0)],
      ...productCommands(one),
    ],
  };
}

/** What writes the numbers of a queued call, and the gradients of so many parameters. */
function resultsCommand({ kernels, buffers, params }: Plan, gradients: number): readonly Word[] {
  const declared = new Set(buffers.map(({ name }) => name));
  const kernel = kernels.find(({ name }) => name === 'results');
  const sums = ['rowLoss', 'colLoss', 'rowParams', 'colParams', 'scalars'].map((buffer): Word => (declared.has(buffer) ? { kind: 'p', buffer, offset: 0, rest: '' } : 'p0'));
  const places = params.map((_, place): Word => (place < gradients ? { kind: 'p', buffer: 'numbers', offset: 4 * (1 + place), rest: '' } : 'p0'));
  return ['launch', 'results', '1', String(kernel?.threads), '0', ...sums, { kind: 'p', buffer: 'numbers', offset: 0, rest: '' }, ...places];
}

/** A gradient in fp32, rounded, and rounded from an odd address on; in groups of four where it can be. */
function productCommands({ loss, precision, queries, keys, dim }: LaunchCase): readonly (readonly Word[])[] {
  const rows = isStacked(loss) ? queries + keys : queries;
  const buffer = isStacked(loss) ? 'dEmbeddings' : 'dQueries';
  return [{ offset: 0, narrow: false }, { offset: 0, narrow: precision !== 'f32' }, { offset: 1, narrow: precision !== 'f32' }].map(({ offset, narrow }, place): readonly Word[] => {
    const count = rows * dim - offset;
    const grouped = count % 4 === 0;
    const threads = grouped ? count / 4 : count;
    const address = (name: string, at: number): Word => ({ kind: 'p', buffer: name, offset: at, rest: '' });
    const grid = Math.min(Math.ceil(threads / 256), 16 * multiprocessors);
    return ['launch', 'multiply', String(grid), '256', '0', `i${threads}`, `i${grouped ? 1 : 0}`, `i${narrow ? 1 : 0}`, address('factor', 0), address(buffer, 4 * offset), address(`product ${place}`, 0)];
  });
}

function commands(bound: BoundPlan, steps: readonly Step[], values: { readonly scalars: Scalars; readonly uniforms: Float32Array }): readonly (readonly Word[])[] {
  const made: (readonly Word[])[] = [];
  for (const step of walk(bound, steps)) {
    if (step.kind === 'fill') {
      const bytes = bound.buffers.find(({ name }) => name === step.buffer)?.bytes ?? 0;
      made.push(['fill', { kind: 'p', buffer: step.buffer, offset: 0, rest: '' }, String(step.pattern), String(bytes / 4)]);
    } else if (step.kind === 'launch') {
      const { name, threads, sharedBytes } = step.kernel;
      made.push(['launch', name, String(step.grid), String(threads), String(sharedBytes), ...step.args.map((arg) => argumentWord(arg, values))]);
    }
  }
  return made;
}

function argumentWord(arg: BoundArg, { scalars, uniforms }: { readonly scalars: Scalars; readonly uniforms: Float32Array }): Word {
  switch (arg.kind) {
    case 'buffer':
      return { kind: 'p', buffer: arg.buffer, offset: arg.byteOffset, rest: '' };
    case 'null':
      return 'p0';
    case 'i32':
      return `i${arg.value}`;
    case 'scalar':
      return `f${float(scalars[arg.name])}`;
    case 'uniforms':
      return `u${[...uniforms].map(float).join(',')}`;
    case 'tensorMap': {
      const { rows, cols, planes, pitch, planePitch, boxRows, boxCols } = arg;
      const swizzle = boxCols === 64 ? 3 : 2;
      return { kind: 't', buffer: arg.buffer, offset: arg.byteOffset, rest: `,${[rows, cols, planes, 2 * pitch, 2 * planePitch, boxRows, boxCols, swizzle, 13].join(',')}` };
    }
  }
}

/** The words with the addresses that were told: a buffer lies where it was first seen. */
function resolved(words: readonly Word[], told: string, bases: Map<string, bigint>): string {
  const seen = told.split(' ');
  return words
    .map((word, i) => {
      if (typeof word === 'string') return word;
      const address = BigInt(/^[pt](\d+)/.exec(seen[i] ?? '')?.[1] ?? 0);
      const base = bases.get(word.buffer) ?? address - BigInt(word.offset);
      bases.set(word.buffer, base);
      return `${word.kind}${base + BigInt(word.offset)}${word.rest}`;
    })
    .join(' ');
}
