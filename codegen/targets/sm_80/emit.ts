import { isUniform, subexpressions, type OperatorName } from '../../../dsl/expression/index.js';
import { kernelContext } from '../../emit/context.js';
import type { EmittedEpilogue } from '../../emit/epilogue.js';
import { render } from '../../emit/render.js';
import type { Problem, ResolvedTiling, SourceText } from '../target.js';
import { accumulateBlock, elementType, operandLayout, ringBytes, segments, sideBytes } from './geometry.js';
import { vectorThreads } from './limits.js';
import { operandNames, signatures } from './signatures.js';

/** One CUDA file a pass. Only `stats`, `gradient` and `positives` depend on the loss. */
export function emit(problem: Problem, tiling: ResolvedTiling, epilogue: EmittedEpilogue): readonly SourceText[] {
  const { block, register } = tiling;
  const { dim, precision, loss } = problem;
  const common = kernelContext(problem, 'sm_80', tiling, epilogue);
  const layout = operandLayout(problem);
  const inputBytes = precision === 'f32' ? 4 : 2;
  const vector = (dim * inputBytes) % 16 === 0 ? 16 / inputBytes : 1;
  const context = {
    ...common,
    ...operandNames(problem),
    running: common.running && common.hasSoftmax,
    compact: isLong(problem),
    oneGroupAtATime: isLong(problem) || !common.diagonal,
    bothSides: loss.rows !== undefined && loss.cols !== undefined,
    elementType: elementType(precision),
    splitGradient: layout.gradientPlanes > 1,
    split: layout.planes > 1 || layout.gradientPlanes > 1,
    packed: !layout.direct,
    planes: layout.planes,
    gradientPlanes: layout.gradientPlanes,
    depthPadded: layout.depthPadded,
    evenDim: dim % 2 === 0,
    vector,
    vectorInputs: vector > 1,
    vectorThreads,
    blockRows: block.rows,
    blockDepth: block.depth,
    stages: block.stages,
    group: block.group,
    warpRows: register.rows,
    warpCols: register.cols,
  };
  const kernels = signatures(problem);
  const similarity = { ...context, ...segmentContext(layout.planes, layout.planes), blockCols: block.cols };
  const output = accumulateBlock(problem, tiling);
  const shared = { ...context, header: common.machineHeader };
  const texts = Object.fromEntries(Object.entries(kernels).map(([name, { text }]) => [`${name}Signature`, text]));
  return [
    file('stats', { ...similarity, signature: kernels.stats.text, sharedBytes: ringBytes(block) }),
    file('gradient', { ...similarity, signature: kernels.gradient.text, sharedBytes: ringBytes(block) + sideBytes(problem, block) }),
    file('accumulate', {
      ...shared,
      // The products have no use for more than 16 bits of either: nothing magnifies their rounding.
      ...segmentContext(layout.gradientPlanes, Math.min(layout.planes, 2)),
      blockCols: output.cols,
      queriesSignature: kernels.accumulateQueries.text,
      keysSignature: kernels.accumulateKeys.text,
      sharedBytes: ringBytes(output),
    }),
    file('positives', { ...context, signature: kernels.positives.text }),
    file('vectors', { ...shared, ...texts }),
  ];
}

/**
 * Whether the loss takes tens of instructions on each logit: a pair term, or a logit made by such functions. Unrolled over a
 * thread's logits they would take minutes to compile, and more registers than there are.
 */
function isLong({ loss }: Problem): boolean {
  const parts = subexpressions(loss.logit);
  return loss.pairs !== undefined || parts.some((part) => part.kind === 'apply' && longOperators.has(part.operator) && !isUniform(part));
}

const longOperators: ReadonlySet<OperatorName> = new Set(['exp', 'log', 'log1p', 'expm1', 'pow', 'tanh', 'sigmoid', 'softplus', 'sqrt', 'divide']);

/** Planes of A and of B by segment, four bits each, the first segment lowest. */
function segmentContext(planesOfA: number, planesOfB: number): { readonly segments: number; readonly manySegments: boolean; readonly segmentsOfA: string; readonly segmentsOfB: string } {
  const order = segments(planesOfA, planesOfB);
  const packed = (side: 0 | 1) => `0x${order.reduceRight((bits, segment) => bits * 16 + segment[side], 0).toString(16)}`;
  return { segments: order.length, manySegments: order.length > 1, segmentsOfA: packed(0), segmentsOfB: packed(1) };
}

function file(name: string, context: object): SourceText {
  return { path: `${name}.cu`, text: render('sm_80', name, context) };
}
