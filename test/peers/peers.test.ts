import test, { type ExecutionContext } from 'ava';
import { compile, Reference } from '../../runtime/index.js';
import { skip } from '../support/skips.js';
import { peerCases, type PeerCase } from './cases.js';
import { NoPeers, runPeers, type PeerResult } from './peers.js';

const results = peerResults();

peerCases.forEach((given, i) => {
  const expected = results[i];
  if (expected === undefined) return;
  test(`the reference of ${titleOf(given)} is what others compute`, (t) => {
    const { labels, ...inputs } = given;
    const { loss, dQueries, dKeys, params } = new Reference({ ...inputs, ...(labels === undefined ? {} : { attributes: { rows: { label: labels }, cols: { label: labels } } }) }).all();
    agrees(t, { loss, gradients: { q: Array.from(dQueries), k: Array.from(dKeys) }, params }, expected, 1e-12);
  });
  test.serial(`the kernels of ${titleOf(given)} compute what others do`, async (t) => {
    const { loss: declared, dim, labels, q, k, params, positives, guide } = given;
    const kernel = await compile(declared, { dim, ...(guide === undefined ? {} : { guideDim: guide.dim }) });
    t.teardown(() => kernel.close());
    const { loss, gradients } = await kernel.run({
      ...{ q, params },
      ...(k === undefined ? {} : { k }),
      ...(positives === undefined ? {} : { positives }),
      ...(labels === undefined ? {} : { rows: { label: labels }, cols: { label: labels } }),
      ...(guide === undefined ? {} : { guide: { q: guide.q, k: guide.k } }),
    });
    if (gradients === undefined) throw new Error('gradients are computed unless they are declined');
    agrees(t, { loss, gradients: { q: Array.from(gradients.q), k: Array.from(gradients.k) }, params: gradients.params }, expected, 1e-5);
  });
});

function agrees(t: ExecutionContext, actual: PeerResult, expected: PeerResult, most: number): void {
  const checks: readonly (readonly [string, readonly number[], readonly number[]])[] = [
    ['loss', [actual.loss], [expected.loss]],
    ['dQ', actual.gradients.q, expected.gradients.q],
    ['dK', actual.gradients.k ?? [], expected.gradients.k ?? []],
    ...Object.entries(expected.params).map(([name, value]) => [`d${name}`, [actual.params[name] ?? NaN], [value]] as const),
  ];
  for (const [what, values, wanted] of checks) {
    t.is(values.length, wanted.length, what);
    const error = norm(values.map((value, i) => value - (wanted[i] ?? NaN)));
    t.true(error <= most * norm(wanted), `${what} is off by ${error}, of ${norm(wanted)}`);
  }
}

function norm(values: readonly number[]): number {
  return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
}

function titleOf({ peer, options = {} }: PeerCase): string {
  return [peer, ...Object.entries(options).map(([name, value]) => `${name} ${String(value)}`)].join(', ');
}

function peerResults(): readonly PeerResult[] {
  try {
    return runPeers(peerCases);
  } catch (error) {
    if (!(error instanceof NoPeers)) throw error;
    skip(peerCases.length, 'comparisons with other implementations', error.message);
    test('nothing to compare with', (t) => t.pass());
    return [];
  }
}
