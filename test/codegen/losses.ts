import { clip, indexMap, infoNCE, pairwiseLoss, siglip, softmax, softplus, type PairwiseLoss, type Precision, type SoftmaxMode } from '../../runtime/index.js';

/** All terms, both forms of reduction, and everything that a lambda can read. */
export const every = pairwiseLoss('every', {
  params: ['logScale', 'bias'],
  constants: { margin: 0.1, symmetric: true },
  positives: indexMap,
  logit: ({ dot, positive, params, constants }) => Math.exp(params.logScale) * (positive ? dot - constants.margin : dot) + params.bias,
  rows: softmax({ weight: 0.5 }),
  cols: softmax({ weight: 0.25, reduction: 'sum', unmatched: 'skip' }),
  pairs: {
    value: ({ logit, dot, positive, row, col, constants }) => (row.index < col.index && constants.symmetric ? (positive ? 0.5 : 0.01) * logit * logit : Math.abs(dot)),
    reduction: 'pairMean',
  },
});

/** Functions that take many instructions, in every term. */
export const curved = pairwiseLoss('curved', {
  params: ['logScale', 'cap'],
  logit: ({ dot, params }) => params.cap * Math.tanh((Math.exp(params.logScale) * dot) / params.cap),
  rows: softmax(),
  cols: softmax(),
  pairs: { value: ({ logit, positive }) => (positive ? softplus(-logit) : Math.log1p(Math.sqrt(1 + logit ** 2))) },
});

export interface ProgramCase {
  readonly loss: PairwiseLoss;
  readonly precision: Precision;
  readonly softmax: SoftmaxMode;
  readonly dim: number;
  readonly guideDim?: number;
  readonly reports?: boolean;
}

const precisions: readonly Precision[] = ['bf16', 'f16', 'f32'];

/** Every preset, and a loss of all terms, in every form: a depth of whole vectors, and one that fills none. */
export const programCases: readonly ProgramCase[] = [clip, infoNCE, siglip, every].flatMap((loss) =>
  precisions.flatMap((precision) => softmaxModes(loss).flatMap((mode) => [512, 100].map((dim): ProgramCase => ({ loss, precision, softmax: mode, dim })))),
);

/** This takes a compiler long. */
export const curvedCase: ProgramCase = { loss: curved, precision: 'bf16', softmax: 'running', dim: 512 };

export function titleOf({ loss, precision, softmax: mode, dim, reports = false }: ProgramCase): string {
  return `${loss.name}, ${precision}, ${mode}, D = ${dim}${reports ? ', reports' : ''}`;
}

/** A loss without a softmax has nothing to keep in range: one program serves both. */
function softmaxModes({ rows, cols }: PairwiseLoss): readonly SoftmaxMode[] {
  return rows === undefined && cols === undefined ? ['bounded'] : ['bounded', 'running'];
}
