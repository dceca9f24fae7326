import { isStacked } from '../codegen/plan/needs.js';
import { DiagnosticCollector, InfinitileError, type Diagnostic } from '../dsl/diagnostics/index.js';
import type { PairwiseLoss, Tensor } from '../dsl/loss.js';
import type { Precision } from '../dsl/problem.js';
import { readAttributes, type Attributes, type GivenAttributes } from './attributes.js';
import { positiveMistakes } from './check-inputs.js';
import { matrixShape, usesTensor, type MatrixShape, type TensorRows } from './matrix-shape.js';
import { mapByRule, relatePositives, type GivenRows, type PositiveRelation } from './positives.js';
import type { RankShape } from './ring/rank-shape.js';
import type { Parameters } from './scalars.js';
import { finiteMatrix } from './tensor/finite.js';
import { indexMap, type IndexMapValue } from './tensor/index-map.js';
import { prefixMatrix } from './tensor/prefix.js';
import { checkPrecision, checkSameDim, convertMatrix, matrixSource, type MatrixSource, type MatrixValue } from './tensor/matrix.js';

/** What a run is given. */
export interface RunInputs extends GivenAttributes {
  /** Queries [N, D] and keys [M, D]; rows are embeddings. A loss between queries alone takes no keys. */
  readonly q: MatrixValue;
  readonly k?: MatrixValue;
  /** For a guided loss: a second pair of inputs with the same rows, of any depth. */
  readonly guide?: { readonly q: MatrixValue; readonly k?: MatrixValue };
  /** A value for every learned scalar of the loss. */
  readonly params?: Parameters;
  /** For a loss with an index map: the column of each row's positive, -1 for none. */
  readonly positives?: IndexMapValue;
  /** Convert inputs of another precision while they load, instead of refusing them. */
  readonly convert?: boolean;
}

/** What inputs are checked against. */
export interface InputExpectation {
  readonly dim: number;
  /** Depth of the embeddings that are given: of each, the first `dim` numbers are read. */
  readonly inputDim: number;
  readonly guideDim: number;
  readonly precision: Precision;
}

/** The tensors of a loss. One that the loss does not name is absent. */
export type Tensors = Readonly<Partial<Record<Tensor, MatrixSource>>>;

/** Checked inputs, not yet loaded. */
export interface SessionInputs {
  readonly loss: PairwiseLoss;
  /** Of what is given; in a ring, that of the rank. */
  readonly shape: MatrixShape;
  /** The matrix that the loss is of: where ranks share it, that of all of them. */
  readonly whole: MatrixShape;
  /** Where ranks share it. */
  readonly rank?: RankShape;
  readonly dim: number;
  readonly tensors: Tensors;
  readonly guides: Tensors;
  readonly attributes: Attributes;
  readonly relation: PositiveRelation;
}

/** @throws {InfinitileError} with every mistake that can be seen without reading the rows. */
export async function prepareInputs(loss: PairwiseLoss, kernel: InputExpectation, inputs: RunInputs): Promise<SessionInputs> {
  const { tensors, guides, rows } = openTensors(loss, kernel, inputs);
  checkCounterparts(loss, rows);
  const shape = matrixShape(loss, rows);
  const attributes = await readAttributes(loss, inputs, shape);
  const map = await positiveMap(loss, shape, attributes, inputs.positives, { count: shape.n, numberOf: (row) => row });
  return { loss, shape, whole: shape, dim: kernel.dim, tensors, guides, attributes, relation: relateAll(loss, shape, map) };
}

/** Tensors of the loss and of its guide, with as many rows. */
export function openTensors(loss: PairwiseLoss, kernel: InputExpectation, inputs: RunInputs): { readonly tensors: Tensors; readonly guides: Tensors; readonly rows: TensorRows } {
  const convert = inputs.convert === true;
  const tensors = prefixes(tensorsOf(loss, { queries: ['q', inputs.q], keys: ['k', inputs.k] }, kernel.inputDim, kernel.precision, convert), kernel.dim);
  const guides = guidesOf(loss, inputs.guide, tensors, kernel, convert);
  return { tensors, guides, rows: { queries: tensors.queries?.rows ?? 0, keys: tensors.keys?.rows ?? 0 } };
}

/** @throws {InfinitileError} when rows or columns have no positive, and the loss refuses them. */
export function relateAll(loss: PairwiseLoss, whole: MatrixShape, map: Int32Array | undefined): PositiveRelation {
  const relation = relatePositives(loss, whole, map);
  const unmatched = positiveMistakes(loss, whole, relation);
  if (unmatched.length > 0) throw new InfinitileError(unmatched);
  return relation;
}

type Given = Readonly<Record<Tensor, readonly [name: string, value: MatrixValue | undefined]>>;

function tensorsOf(loss: PairwiseLoss, given: Given, dim: number, precision: Precision, convert: boolean): Tensors {
  const mistakes = new DiagnosticCollector();
  const sources = (['queries', 'keys'] as const).flatMap((tensor) => {
    const [name, value] = given[tensor];
    const used = usesTensor(loss, tensor);
    if (value === undefined || !used) {
      if (used || value !== undefined) mistakes.add(presence(loss, name, used));
      return [];
    }
    try {
      return [[tensor, source(name, value, { dim, precision }, convert)] as const];
    } catch (error) {
      if (!(error instanceof InfinitileError)) throw error;
      mistakes.add(...error.diagnostics);
      return [];
    }
  });
  mistakes.report();
  const tensors: Tensors = Object.fromEntries(sources);
  const [first, second] = sources.map(([, found]) => found);
  if (first !== undefined && second !== undefined) checkSameDim(first, second);
  const deep = sources.find(([, found]) => found.dim !== dim);
  if (deep !== undefined) throw new InfinitileError([wrongDepth(deep[1], dim)]);
  return tensors;
}

function prefixes(tensors: Tensors, dim: number): Tensors {
  return Object.fromEntries(Object.entries(tensors).map(([tensor, whole]) => [tensor, prefixMatrix(whole, dim)]));
}

function guidesOf(loss: PairwiseLoss, guide: RunInputs['guide'], tensors: Tensors, { guideDim, precision }: InputExpectation, convert: boolean): Tensors {
  if (guide === undefined && !loss.guide) return {};
  if (guide === undefined || !loss.guide) {
    const message = loss.guide ? `loss '${loss.name}' is guided, and no guide was given` : `loss '${loss.name}' has no guide, and one was given`;
    throw new InfinitileError([{ code: 'INF4016', message, hint: loss.guide ? 'give guide: { q, k }, rows for rows of q and k' : 'leave guide out, or declare the loss with guide: true' }]);
  }
  const guides = tensorsOf(loss, { queries: ['guide.q', guide.q], keys: ['guide.k', guide.k] }, guideDim, precision, convert);
  for (const tensor of ['queries', 'keys'] as const) {
    const [own, wanted] = [guides[tensor], tensors[tensor]];
    if (own === undefined || wanted === undefined || own.rows === wanted.rows) continue;
    throw new InfinitileError([{ code: 'INF4016', message: `${own.name} has ${own.rows} rows, ${wanted.name} ${wanted.rows}`, hint: 'a guide has a row for each row that it guides' }]);
  }
  return Object.fromEntries(Object.entries(guides).map(([tensor, own]) => [tensor, finiteMatrix(own)]));
}

function presence({ name: loss }: PairwiseLoss, name: string, used: boolean): Diagnostic {
  return used
    ? { code: 'INF4003', message: `${name} was not given: loss '${loss}' has rows or columns of it`, hint: `give ${name}, a matrix with one embedding a row` }
    : { code: 'INF4004', message: `${name} was given: loss '${loss}' has no rows or columns of it`, hint: `leave ${name} out` };
}

function wrongDepth({ name, dim }: MatrixSource, compiled: number): Diagnostic {
  return {
    code: 'INF4002',
    message: `${name} has rows of ${dim} numbers; the kernel was compiled for ${compiled}`,
    hint: `compile with ${name.startsWith('guide') ? 'guideDim' : 'dim'}: ${dim}`,
  };
}

function source(name: string, value: MatrixValue, kernel: { readonly dim: number; readonly precision: Precision }, convert: boolean): MatrixSource {
  const found = matrixSource(name, value, kernel);
  if (convert) return convertMatrix(found, kernel.precision);
  checkPrecision(found, kernel.precision);
  return found;
}

/** Rows of the same number exist in both tensors, where a loss pairs them. */
export function checkCounterparts(loss: PairwiseLoss, { queries, keys }: Readonly<Record<Tensor, number>>): void {
  const shares = loss.rows?.normaliser === 'counterparts' || loss.cols?.normaliser === 'counterparts';
  const pairs = loss.positives.kind === 'counterpart' && isStacked(loss);
  if (!(shares || pairs) || queries === keys) return;
  const message = `q has ${queries} rows, k ${keys}: loss '${loss.name}' pairs rows of the same number`;
  throw new InfinitileError([{ code: 'INF4017', message, hint: 'give as many keys as queries' }]);
}

/** The column of each given row's positive, where kernels are told it: rows and columns by their numbers in the whole. */
export async function positiveMap(loss: PairwiseLoss, whole: MatrixShape, attributes: Attributes, given: IndexMapValue | undefined, rows: GivenRows): Promise<Int32Array | undefined> {
  if (loss.positives.kind === 'indexMap') {
    if (given !== undefined) return indexMap('positives', given, { length: rows.count, limit: whole.m });
    throw new InfinitileError([
      { code: 'INF4012', message: `loss '${loss.name}' takes its positives from an index map, and none was given`, hint: 'give positives: an Int32Array with the key of each query' },
    ]);
  }
  if (given !== undefined) {
    throw new InfinitileError([
      { code: 'INF4012', message: `loss '${loss.name}' ${relationText[loss.positives.kind]}, and an index map was given`, hint: `use withPositives(${loss.name}, indexMap)` },
    ]);
  }
  return mapByRule(loss, whole, rows, (row) => Object.fromEntries(attributes.row.map(({ name, values }) => [name, values[row] ?? 0])));
}

const relationText = {
  diagonal: 'has its positives on the diagonal',
  counterpart: 'has its positives in the other tensor',
  column: 'computes its positives',
  where: 'tells its positives by a condition',
} as const;
