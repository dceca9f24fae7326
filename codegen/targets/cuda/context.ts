import { kernelContext, type KernelContext, type SideContext } from '../../emit/context.js';
import type { EmittedEpilogue } from '../../emit/epilogue.js';
import type { PlaceField } from '../../emit/places.js';
import { knowsPositive, needsOf, readsGuide } from '../../plan/needs.js';
import type { Problem } from '../target.js';
import { formsOf } from './forms.js';
import { elementType, operandLayout, segments, type OperandLayout } from './layout.js';
import { guideGranule, vectorThreads } from './limits.js';
import { operandNames } from './operands.js';

/** What the templates of every GPU are given. Texts that depend on a tile say so in a header of their own. */
export function cudaContext(problem: Problem, target: string, epilogue: EmittedEpilogue) {
  const { dim, precision, loss } = problem;
  const common: KernelContext = kernelContext(problem, target, epilogue);
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
    ranged: false,
  };
}

/** Embeddings as they come, and as the tensor cores read them. */
export function inputContext(dim: number, { precision }: Problem, { planes, direct }: OperandLayout) {
  const inputBytes = precision === 'f32' ? 4 : 2;
  const vector = (dim * inputBytes) % 16 === 0 ? 16 / inputBytes : 1;
  return { dim, planes, packed: !direct, vector, vectorInputs: vector > 1 };
}

/** Planes of A and of B by segment, four bits each, the first segment lowest. */
export function segmentContext(planesOfA: number, planesOfB: number): { readonly segments: number; readonly manySegments: boolean; readonly segmentsOfA: string; readonly segmentsOfB: string } {
  const order = segments(planesOfA, planesOfB);
  const packed = (side: 0 | 1) => `0x${order.reduceRight((bits, segment) => bits * 16 + segment[side], 0).toString(16)}`;
  return { segments: order.length, manySegments: order.length > 1, segmentsOfA: packed(0), segmentsOfB: packed(1) };
}
