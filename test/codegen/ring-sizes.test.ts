import { setImmediate } from 'node:timers/promises';
import test from 'ava';
import fc from 'fast-check';
import { lower } from '../../codegen/ring/lower.js';
import { passes, type Pass } from '../../codegen/ring/schedule.js';
import { verify } from '../../codegen/ring/verify.js';
import { divisorsOf, even, told } from './ring-shapes.js';

/*
 * The schedule of any ring of up to 256 ranks holds. Rows and columns of a loss may be stacks of blocks (text with image, text with
 * text, ...): its ring is this one, with as many rows and columns as the stacks have.
 */

interface Size {
  readonly ranks: number;
  readonly nodes: number;
  readonly pass: Pass;
}

/** In turn: it takes a second or two, in which the process hears nothing else. */
function holds(title: string, sizes: readonly Size[]): void {
  test.serial(`${title} hold`, async (t) => {
    t.timeout(300_000);
    for (const { ranks, nodes, pass } of sizes) {
      const verification = verify(lower(even(ranks, nodes), pass));
      t.is(told(verification), 'verified', `${ranks} ranks, ${nodes} nodes, ${pass}`);
      t.true(verification.verified && verification.tiles === ranks ** 2);
      await setImmediate();
    }
  });
}

const from = (first: number, last: number): readonly number[] => Array.from({ length: last - first + 1 }, (_, i) => first + i);

for (let first = 1; first <= 64; first += 16) {
  const sizes = from(first, first + 15).flatMap((ranks) => divisorsOf(ranks).flatMap((nodes) => passes.map((pass) => ({ ranks, nodes, pass }))));
  holds(`rings of ${first} to ${first + 15} ranks, on every number of nodes that divides them,`, sizes);
}

for (const [ranks, nodes] of [[127, 1], [128, 16], [192, 24], [255, 5], [256, 1], [256, 32]] as const) holds(`rings of ${ranks} ranks on ${nodes} nodes`, [{ ranks, nodes, pass: 'backward' }]);

/** Others with every run: proving all takes minutes. */
const larger: fc.Arbitrary<Size> = fc
  .integer({ min: 65, max: 256 })
  .chain((ranks) => fc.record({ ranks: fc.constant(ranks), nodes: fc.constantFrom(...divisorsOf(ranks)), pass: fc.constantFrom(...passes) }));

holds('rings drawn of 65 to 256 ranks', fc.sample(larger, 12));
