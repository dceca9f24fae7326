import test from 'ava';
import { runRandomLosses } from './random.js';

/** INFINITILE_SEED draws others. A failure names the seed it was found with. */
const first = Number(process.env['INFINITILE_SEED'] ?? 1);

/** 100 losses, 1,000 runs, a fifth at a time. */
for (let seed = first; seed < first + 5; seed += 1) {
  test.serial(`200 runs of 20 random losses are those of fp64, seed ${seed}`, async (t) => {
    t.timeout(300_000);
    const { compared, refused, undecided, mistakes } = await runRandomLosses({ seed, losses: 20, draws: 10, target: 'cpu', unit: 2 ** -22 });
    t.log(`${compared} compared, ${refused} refused by both, ${undecided} undecided in fp32`);
    t.deepEqual(mistakes, []);
    t.is(compared + refused + undecided, 200);
    t.true(compared >= 120, 'most runs say something');
  });
}
