import type { EmittedEpilogue } from '../../emit/epilogue.js';
import { lossHeader, machineHeader } from '../../emit/header.js';
import { render } from '../../emit/render.js';
import { printPassTile } from '../../plan/tiling.js';
import type { SimilarityTiling } from '../../plan/problem.js';
import { cudaContext, inputContext, segmentContext } from '../cuda/context.js';
import { isUnrolled } from '../cuda/forms.js';
import { guideDimOf, guideLayout, operandLayout, type OperandLayout } from '../cuda/layout.js';
import { vectorFiles } from '../cuda/vector-files.js';
import type { Problem, ResolvedTiling, SourceText } from '../target.js';
import { isFused } from './fused.js';
import { fusedSignatures } from './fused-signatures.js';
import { asyncProduct } from './instruction.js';
import { consumers, swizzleElements } from './limits.js';
import { accumulateBytes, boxCols, isAbreast, isSpread, isTogether, outputBytes, passesOf, registerShares, similaritySharedBytes, type SimilarityPass } from './passes.js';
import { signatures } from './signatures.js';

/** One CUDA file a pass. Only `stats`, `gradient`, `weights`, `gradients`, `positives` and `terms` depend on the loss. */
export function emit(problem: Problem, tiling: ResolvedTiling, epilogue: EmittedEpilogue): readonly SourceText[] {
  const passes = passesOf(tiling);
  const layout = operandLayout(problem);
  const kernels = signatures(problem, tiling);
  const context = {
    ...cudaContext(problem, 'sm_90a', epilogue),
    ...plainContext(problem, epilogue),
    unrolled: isUnrolled(problem),
    spread: isSpread(problem),
    consumers,
    ranged: isFused(problem, tiling),
  };
  const shared = { ...context, header: context.machineHeader };
  const texts = Object.fromEntries(Object.entries(kernels).map(([name, { text }]) => [`${name}Signature`, text]));
  const similarity = (pass: SimilarityPass, operands: OperandLayout, tile: SimilarityTiling) => ({
    ...tileContext({ ...tile, cols: tile.groupCols }),
    header: (pass === 'guide' ? machineHeader : lossHeader)(problem, 'sm_90a', printPassTile(tile, swizzleElements)),
    together: isTogether(tile),
    ...segmentContext(operands.planes, operands.planes),
    resident: tile.panel === 'resident',
    partlyResident: tile.panel === 'split',
    residentSteps: tile.residentSteps,
    abreast: isAbreast(problem, pass, tile),
    outputBytes: outputBytes(problem, pass, tile),
    boxCols: boxCols(tile),
    wideBoxes: boxCols(tile) === swizzleElements,
    sharedBytes: similaritySharedBytes(problem, pass, tile),
    multiplyAsync: asyncProduct(problem.precision, {
      name: 'multiplyAsync',
      says: `64 x ${tile.groupCols} sums of a k16 step: of queries by keys.`,
      cols: tile.groupCols,
      a: 'along',
      b: 'along',
    }),
  });
  const fusedFiles = (): readonly SourceText[] => {
    const { weights, scaleQueries, finishGradients } = fusedSignatures(problem, tiling);
    return [
      file('weights', { ...context, ...similarity('gradient', layout, passes.gradient), rowsCount: false, colsCount: false, signature: weights.text }),
      file('gradients', { ...context, scaleQueriesSignature: scaleQueries.text, finishGradientsSignature: finishGradients.text }),
    ];
  };
  return [
    file('stats', { ...context, ...similarity('stats', layout, passes.stats), rowsCount: context.row.sums, colsCount: context.col.sums, signature: kernels.stats.text }),
    // Two maxima a pair beside two scales take more registers than unrolled code leaves.
    file('gradient', { ...context, unrolled: context.unrolled && !context.running, ...similarity('gradient', layout, passes.gradient), rowsCount: context.hasRows, colsCount: context.hasCols, signature: kernels.gradient.text }),
    file('accumulate', { ...shared, ...accumulateContext(problem, tiling), queriesSignature: kernels.accumulateQueries.text, keysSignature: kernels.accumulateKeys.text, signature: kernels.accumulate.text }),
    ...(passes.guide === undefined
      ? []
      : [file('guide', { ...shared, ...inputContext(guideDimOf(problem), problem, guideLayout(problem)), ...similarity('guide', guideLayout(problem), passes.guide), guideSignature: kernels.guide.text })]),
    ...(isFused(problem, tiling) ? fusedFiles() : []),
    ...vectorFiles(problem, context, shared, texts),
  ];
}

/**
 * What plain tiles make of a logit that is linear in the dot, and of a pair term that is a sum of softpluses of such. Running maxima
 * need the logit itself; so does a pair term of any other form.
 */
function plainContext({ loss, softmax }: Problem, { linear, softpluses = [], scalarCount }: EmittedEpilogue) {
  const none = { slope: '', exponentSlope: '', exponentIntercept: '', hasIntercepts: false };
  const params = (linear?.params ?? []).map((param, i) => ({ ...param, place: i + 1 }));
  const hasSoftmax = loss.rows !== undefined || loss.cols !== undefined;
  const running = softmax === 'running' && hasSoftmax;
  const pairsInTurn = loss.pairs !== undefined && softpluses.length === 0;
  const hasLinear = linear !== undefined && !running && !pairsInTurn;
  return {
    hasLinear,
    linear: { ...none, ...linear, params, any: scalarCount > 1 },
    linearExponent: hasLinear && hasSoftmax,
    hasSoftpluses: softpluses.length > 0,
    softpluses,
    pairsInTurn,
    /** Whether sums take the logit itself, and not the dot that it is linear in. */
    readsLogit: pairsInTurn || (hasSoftmax && !hasLinear),
    /** The shares of d loss / d dot: what the kernel calls each derivative with respect to a line of the dot, and the line's slope. */
    ofDot: [...(hasSoftmax ? [{ derivative: 'softmax', slope: linear?.slope ?? '' }] : []), ...softpluses.map(({ slope }, i) => ({ derivative: `sigmoid${i}`, slope }))],
  };
}

function tileContext({ rows, cols, stages, cluster }: ResolvedTilingPass) {
  const { consumer, producer } = registerShares({ cluster });
  return { consumerRegisters: consumer, producerRegisters: producer, blockRows: rows, blockCols: cols, stages, cluster, clustered: cluster > 1 };
}

type ResolvedTilingPass = Pick<SimilarityTiling, 'rows' | 'cols' | 'stages' | 'cluster'>;

function accumulateContext(problem: Problem, tiling: ResolvedTiling) {
  const { accumulate } = passesOf(tiling);
  const { planes, gradientPlanes } = operandLayout(problem);
  const product = (name: string, says: string, a: 'along' | 'across'): string => asyncProduct(problem.precision, { name, says, cols: accumulate.cols, a, b: 'across' });
  return {
    ...tileContext(accumulate),
    header: machineHeader(problem, 'sm_90a', printPassTile(accumulate, swizzleElements)),
    // The products have no use for more than 16 bits of either: nothing magnifies their rounding.
    ...segmentContext(gradientPlanes, Math.min(planes, 2)),
    sharedBytes: accumulateBytes(accumulate),
    multiplyQueriesAsync: product('multiplyQueriesAsync', 'A k16 step of G K.', 'along'),
    multiplyKeysAsync: product('multiplyKeysAsync', 'A k16 step of G^T Q.', 'across'),
  };
}

function file(name: string, context: object): SourceText {
  return { path: `${name}.cu`, text: render('sm_90a', name, context, 'cuda') };
}
