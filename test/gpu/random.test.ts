import test from 'ava';
import { runRandomLosses } from '../numeric/random.js';

const seed = Number(process.env['INFINITILE_SEED'] ?? 1);

/** fp32 inputs are multiplied in three bf16 pieces: products are off by 2^-17 or so. */
const unit = 2 ** -17;

test('100 runs of random losses are those of fp64', async (t) => {
  t.timeout(600_000);
  const { compared, refused, undecided, mistakes } = await runRandomLosses({ seed, losses: 25, draws: 4, target: 'cuda', unit });
  t.log(`seed ${seed}: ${compared} compared, ${refused} refused by both, ${undecided} undecided`);
  t.deepEqual(mistakes, []);
  t.is(compared + refused + undecided, 100);
});
