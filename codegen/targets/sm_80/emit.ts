import type { EmittedEpilogue } from '../../emit/epilogue.js';
import { lossHeader, machineHeader } from '../../emit/header.js';
import { render } from '../../emit/render.js';
import { printTile } from '../../plan/tiling.js';
import { cudaContext, inputContext, segmentContext } from '../cuda/context.js';
import { guideDimOf, guideLayout, operandLayout } from '../cuda/layout.js';
import { guideNames } from '../cuda/operands.js';
import { vectorFiles } from '../cuda/vector-files.js';
import type { Problem, ResolvedTiling, SourceText } from '../target.js';
import { accumulateBlock, ringBytes } from './geometry.js';
import { gradientBytes, statsBytes } from './shared-memory.js';
import { signatures } from './signatures.js';

/** One CUDA file a pass. Only `stats`, `gradient`, `positives` and `terms` depend on the loss. */
export function emit(problem: Problem, tiling: ResolvedTiling, epilogue: EmittedEpilogue): readonly SourceText[] {
  const { block } = tiling;
  const layout = operandLayout(problem);
  const context = contextOf(problem, tiling, epilogue);
  const kernels = signatures(problem);
  const { planes, gradientPlanes } = layout;
  const tile = printTile(tiling);
  const similarity = { ...context, header: lossHeader(problem, 'sm_80', tile), ...segmentContext(planes, planes), blockCols: block.cols };
  const output = accumulateBlock(problem, tiling);
  const shared = { ...context, header: context.machineHeader };
  const tiled = { ...context, header: machineHeader(problem, 'sm_80', tile) };
  const texts = Object.fromEntries(Object.entries(kernels).map(([name, { text }]) => [`${name}Signature`, text]));
  return [
    file('stats', { ...similarity, gradientPulls: false, rowsCount: context.row.sums, colsCount: context.col.sums, signature: kernels.stats.text, sharedBytes: statsBytes(problem, tiling) }),
    file('gradient', { ...similarity, gradientPulls: true, rowsCount: context.hasRows, colsCount: context.hasCols, signature: kernels.gradient.text, sharedBytes: gradientBytes(problem, tiling) }),
    file('accumulate', {
      ...tiled,
      // The products have no use for more than 16 bits of either: nothing magnifies their rounding.
      ...segmentContext(gradientPlanes, Math.min(planes, 2)),
      blockCols: output.cols,
      queriesSignature: kernels.accumulateQueries.text,
      keysSignature: kernels.accumulateKeys.text,
      sharedBytes: ringBytes(output),
    }),
    ...(context.hasGuide ? [guideFile(problem, tiling, tiled, kernels.guide.text)] : []),
    ...vectorFiles(problem, context, shared, texts),
  ];
}

/** The guide's inner products. */
function guideFile(problem: Problem, { block }: ResolvedTiling, context: object, guideSignature: string): SourceText {
  const layout = guideLayout(problem);
  const { queries, keys } = guideNames(problem);
  const own = { ...context, ...inputContext(guideDimOf(problem), problem, layout), ...segmentContext(layout.planes, layout.planes), guideSignature, queries, keys };
  return file('guide', { ...own, blockCols: block.cols, sharedBytes: ringBytes(block) });
}

function contextOf(problem: Problem, tiling: ResolvedTiling, epilogue: EmittedEpilogue) {
  const { block, register } = tiling;
  return {
    ...cudaContext(problem, 'sm_80', epilogue),
    blockRows: block.rows,
    blockDepth: block.depth,
    stages: block.stages,
    group: block.group,
    warpRows: register.rows,
    warpCols: register.cols,
  };
}

function file(name: string, context: object): SourceText {
  return { path: `${name}.cu`, text: render('sm_80', name, context, 'cuda') };
}
