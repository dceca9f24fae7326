import type { KnobValue } from '../../../dsl/choice.js';
import type { Tiling } from '../../../dsl/tiling.js';
import type { RunShape } from '../../plan/bind.js';
import { leftOut, upTo } from '../left-out.js';
import type { Knob, Problem } from '../target.js';
import { mayFuse } from './fused.js';
import { exactCols, usualMultiprocessors } from './limits.js';
import type { SimilarityPass } from './passes.js';

/** A block for each pass, unless the tiling has one for all; and chunks whose tiles the multiprocessors share evenly. */
export function knobs(problem: Problem, tiling: Tiling, run: RunShape): readonly Knob[] {
  const { loss, precision } = problem;
  const cols = precision === 'f32' ? chunkCols.filter((each) => each <= exactCols + colsOfARound) : chunkCols;
  return [
    ...leftOut(tiling, 'chunk', { rows: upTo(run.n, chunkRows), cols: upTo(run.m, cols), backward: mayFuse(problem) ? ['fused', 'recompute'] : [] }),
    ...(['stats', 'gradient', ...(loss.guide ? (['guide'] as const) : [])] as const).flatMap((pass) => ofLogits(tiling, pass)),
    ...leftOut(tiling, 'accumulate', { cols: [64, 128, 192, 256], stages, cluster: [1, 2] }),
  ];
}

/** What the block's level, or the register's, says is said of every pass. */
function ofLogits(tiling: Tiling, pass: SimilarityPass): readonly Knob[] {
  const { block, register } = tiling;
  const sizes = register === undefined ? { rows: [64, 128], cols: [64, 96, 128, 160, 192, 256], consumers: ['turns', 'together'] } : {};
  const values: Readonly<Record<string, readonly KnobValue[]>> = { ...sizes, panel: ['resident', 'split', 'streamed'], cluster: [1, 2], stages };
  const given = new Set(Object.keys(block ?? {}));
  return leftOut(tiling, pass, Object.fromEntries(Object.entries(values).filter(([knob]) => !given.has(knob))));
}

const stages = [2, 3, 4, 5, 6, 8];

const colsOfARound = 64 * usualMultiprocessors;
const chunkRows = [0.5, 1, 2, 4].map((rounds) => rounds * colsOfARound);
const chunkCols = [1, 2, 4, 6, 8].map((rounds) => rounds * colsOfARound);
