import type { Tensor } from '../../dsl/loss.js';

/** One number a row (column), by the name of the attribute. */
export type AttributeValues = Readonly<Record<string, ArrayLike<number>>>;

/** What lambdas read of a row or column, by name. */
export type Place = Record<string, number>;

/** The rows, or the columns, of a loss: one tensor or both, queries first. */
export interface Side {
  readonly count: number;
  /** Row-major [count, dim]. */
  readonly embeddings: Float64Array;
  /** Row-major [count, dim of the guide]. */
  readonly guides?: Float64Array;
  readonly places: readonly Place[];
  /** The row of the same number in the other tensor, -1 where it is not among these. */
  readonly partners: Int32Array;
}

/** Queries and keys as [rows, dim], in fp64. */
export interface Embeddings {
  readonly queries: Float64Array;
  readonly keys: Float64Array;
  readonly dim: number;
}

export function makeSide(tensors: readonly Tensor[], given: Embeddings, attributes: AttributeValues, guide?: Embeddings): Side {
  const counts = tensors.map((tensor) => given[tensor].length / given.dim);
  const count = counts.reduce((sum, rows) => sum + rows, 0);
  const places = tensors.flatMap((tensor, t) => Array.from({ length: counts[t] ?? 0 }, (_, index): Place => ({ index, view: tensor === 'queries' ? 0 : 1 })));
  for (const [name, values] of Object.entries(attributes)) places.forEach((place, i) => (place[name] = values[i] ?? NaN));
  const [first = 0, second = 0] = counts;
  return {
    count,
    embeddings: stacked(tensors, given),
    ...(guide === undefined ? {} : { guides: stacked(tensors, guide) }),
    places,
    partners: Int32Array.from(places, ({ index = 0 }, i) => (i < first ? (index < second ? first + index : -1) : index < first ? index : -1)),
  };
}

/** Gradients of a side's rows, added to those of the tensors they lie in. */
export function addToTensors(tensors: readonly Tensor[], gradient: Float64Array, totals: Readonly<Record<Tensor, Float64Array>>): void {
  let offset = 0;
  for (const tensor of tensors) {
    const total = totals[tensor];
    for (let e = 0; e < total.length; e += 1) total[e] = (total[e] ?? 0) + (gradient[offset + e] ?? 0);
    offset += total.length;
  }
}

function stacked(tensors: readonly Tensor[], given: Embeddings): Float64Array {
  const [first, second] = tensors.map((tensor) => given[tensor]);
  if (first === undefined) return new Float64Array(0);
  if (second === undefined) return first;
  const both = new Float64Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}
