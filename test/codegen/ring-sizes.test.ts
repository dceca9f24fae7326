import { setImmediate } from 'node:timers/promises';
import test from 'ava';
import { lower } from '../../codegen/ring/lower.js';
import { passes, type Pass } from '../../codegen/ring/schedule.js';
import { verify } from '../../codegen/ring/verify.js';
import { divisorsOf, even, told } from './ring-shapes.js';

/*
 * The schedule of any ring of up to 256 ranks is proved. Rows and columns of a loss may be stacks of blocks (text with image, text with
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

// Larger ones take turns at the nodes that divide them, and at the passes, whose steps are alike.
for (let first = 65; first <= 256; first += 32) {
  const sizes = from(first, first + 31).map((ranks): Size => {
    const nodes = divisorsOf(ranks);
    return { ranks, nodes: nodes[Math.floor(ranks / 2) % nodes.length] ?? 1, pass: ranks % 2 === 0 ? 'forward' : 'backward' };
  });
  holds(`rings of ${first} to ${first + 31} ranks`, sizes);
}

holds('rings of 256 ranks, on few nodes and on many,', [1, 2, 8, 32, 256].map((nodes) => ({ ranks: 256, nodes, pass: 'backward' })));
