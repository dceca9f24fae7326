import test from 'ava';
import { runRandomLosses } from '../numeric/random.js';

const seed = Number(process.env['INFINITILE_SEED'] ?? 1);

/** fp32 inputs are multiplied in three bf16 pieces: products are off by 2^-17 or so. */
const unit = 2 ** -17;

/** The newest target of the GPU, and the one before, in fewer runs. */
for (const [target, losses] of [['cuda', 25], ['sm_80', 6]] as const) {
  test.serial(`${4 * losses} runs of random losses on ${target} are those of fp64`, async (t) => {
    t.timeout(600_000);
    const { compared, refused, undecided, mistakes } = await runRandomLosses({ seed, losses, draws: 4, target, unit });
    t.log(`seed ${seed}: ${compared} compared, ${refused} refused by both, ${undecided} undecided`);
    t.deepEqual(mistakes, []);
    t.is(compared + refused + undecided, 4 * losses);
  });
}
