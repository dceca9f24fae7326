import { kernelContext, type KernelContext, type SideContext } from '../../emit/context.js';
import type { EmittedEpilogue } from '../../emit/epilogue.js';
import type { PlaceField } from '../../emit/places.js';
import { render } from '../../emit/render.js';
import { needsOf, readsGuide } from '../../plan/needs.js';
import type { Problem, ResolvedTiling, SourceText } from '../target.js';
import { formsOf } from './forms.js';
import { accumulateBlock, elementType, guideDimOf, guideLayout, operandLayout, ringBytes, segments, type OperandLayout } from './geometry.js';
import { guideGranule, vectorThreads } from './limits.js';
import { guideNames, operandNames } from './operands.js';
import { gradientBytes, statsBytes } from './shared-memory.js';
import { signatures } from './signatures.js';
import { knowsPositive } from './term-signature.js';

/** One CUDA file a pass. Only `stats`, `gradient`, `positives` and `terms` depend on the loss. */
export function emit(problem: Problem, tiling: ResolvedTiling, epilogue: EmittedEpilogue): readonly SourceText[] {
  const { block } = tiling;
  const layout = operandLayout(problem);
  const context = contextOf(problem, tiling, epilogue);
  const kernels = signatures(problem);
  const { planes, gradientPlanes } = layout;
  const similarity = { ...context, ...segmentContext(planes, planes), blockCols: block.cols };
  const output = accumulateBlock(problem, tiling);
  const shared = { ...context, header: context.machineHeader };
  const texts = Object.fromEntries(Object.entries(kernels).map(([name, { text }]) => [`${name}Signature`, text]));
  return [
    file('stats', { ...similarity, gradientPulls: false, rowsCount: context.row.sums, colsCount: context.col.sums, signature: kernels.stats.text, sharedBytes: statsBytes(problem, tiling) }),
    file('gradient', { ...similarity, gradientPulls: true, rowsCount: context.hasRows, colsCount: context.hasCols, signature: kernels.gradient.text, sharedBytes: gradientBytes(problem, tiling) }),
    file('accumulate', {
      ...shared,
      // The products have no use for more than 16 bits of either: nothing magnifies their rounding.
      ...segmentContext(gradientPlanes, Math.min(planes, 2)),
      blockCols: output.cols,
      queriesSignature: kernels.accumulateQueries.text,
      keysSignature: kernels.accumulateKeys.text,
      sharedBytes: ringBytes(output),
    }),
    ...(context.hasPositiveLogits ? [file('positives', { ...context, signature: kernels.positives.text })] : []),
    ...(context.hasSoftmax ? [file('terms', { ...context, ...texts })] : []),
    ...(context.hasGuide ? guideFiles(problem, tiling, shared, texts) : []),
    file('vectors', { ...shared, ...texts }),
  ];
}

/** The guide's inner products, and what its embeddings need besides: packed copies, and the guides of positives. */
function guideFiles(problem: Problem, { block }: ResolvedTiling, context: object, texts: object): readonly SourceText[] {
  const layout = guideLayout(problem);
  const names = guideNames(problem);
  const own = { ...context, ...texts, ...inputContext(guideDimOf(problem), problem, layout), queries: names.queries, keys: names.keys, blockCols: block.cols };
  return [
    file('guide', { ...own, ...segmentContext(layout.planes, layout.planes), sharedBytes: ringBytes(block) }),
    file('guideVectors', own),
  ];
}

function contextOf(problem: Problem, tiling: ResolvedTiling, epilogue: EmittedEpilogue) {
  const { block, register } = tiling;
  const { dim, precision, loss } = problem;
  const common: KernelContext = kernelContext(problem, 'sm_80', tiling, epilogue);
  const layout = operandLayout(problem);
  const needs = needsOf(loss, problem.reports);
  const [hasRows, hasCols] = [common.hasRows, common.hasCols];
  const forms = formsOf(problem, epilogue);
  const zeros = (fields: readonly PlaceField[]) => fields.map((field) => ({ ...field, zero: field.type === 'int' ? '0' : '0.0f' }));
  const sided = (side: SideContext, name: 'row' | 'col', sums: boolean) => ({
    ...side,
    sums: sums || side.hasChannels,
    fields: zeros(side.fields),
    knowsPositive: knowsPositive(needs, name),
    several: side.channel.positives >= 0,
    countsPairs: side.channel.count >= 0,
    plainCount: forms.hasPlain && side.channel.count >= 0,
  });
  const [row, col] = [sided(common.row, 'row', hasRows), sided(common.col, 'col', hasCols)];
  return {
    ...common,
    ...operandNames(problem),
    ...forms,
    ...inputContext(dim, problem, layout),
    row,
    col,
    readsGuide: readsGuide(needs.ofPositive),
    guideGranule,
    exponents: common.hasSoftmax && !common.running,
    bothSides: hasRows && hasCols,
    elementType: elementType(precision),
    splitGradient: layout.gradientPlanes > 1,
    split: layout.planes > 1 || layout.gradientPlanes > 1,
    gradientPlanes: layout.gradientPlanes,
    evenDim: dim % 2 === 0,
    vectorThreads,
    blockRows: block.rows,
    blockDepth: block.depth,
    stages: block.stages,
    group: block.group,
    warpRows: register.rows,
    warpCols: register.cols,
  };
}

/** Embeddings as they come, and as the tensor cores read them. */
function inputContext(dim: number, { precision }: Problem, { planes, direct }: OperandLayout) {
  const inputBytes = precision === 'f32' ? 4 : 2;
  const vector = (dim * inputBytes) % 16 === 0 ? 16 / inputBytes : 1;
  return { dim, planes, packed: !direct, vector, vectorInputs: vector > 1 };
}

/** Planes of A and of B by segment, four bits each, the first segment lowest. */
function segmentContext(planesOfA: number, planesOfB: number): { readonly segments: number; readonly manySegments: boolean; readonly segmentsOfA: string; readonly segmentsOfB: string } {
  const order = segments(planesOfA, planesOfB);
  const packed = (side: 0 | 1) => `0x${order.reduceRight((bits, segment) => bits * 16 + segment[side], 0).toString(16)}`;
  return { segments: order.length, manySegments: order.length > 1, segmentsOfA: packed(0), segmentsOfB: packed(1) };
}

function file(name: string, context: object): SourceText {
  return { path: `${name}.cu`, text: render('sm_80', name, context) };
}
