import { InfinitileError } from '../../../dsl/diagnostics/index.js';
import type { Tiling } from '../../../dsl/tiling.js';
import { Synthetic, type SyntheticInputs } from '../../bench/synthetic.js';
import type { Kernel } from '../../kernel.js';
import { matrixShape, usesTensor } from '../../matrix-shape.js';
import { Reference, type ReferenceResult } from '../../reference.js';
import { bf16ToF32, f16ToF32, type ShapedArray } from '../../tensor/tensor.js';
import type { Checked, Problem } from './messages.js';
import { toleranceOf } from './tolerance.js';

/** Pairs times depth that fp64 takes about a second for, and rows that span several tiles whatever that takes. */
const referenceWork = 1e8;
const [fewestRows, mostRows] = [321, 601];

/** What of a kernel is checked. */
type Runs = Pick<Kernel, 'run'>;

/** A small problem with its result in fp64, on which kernels are compared with it. */
export class Checker {
  readonly #problem: Problem;
  readonly #inputs: SyntheticInputs;
  readonly #expected: ReferenceResult;

  private constructor(problem: Problem, inputs: SyntheticInputs, expected: ReferenceResult) {
    this.#problem = problem;
    this.#inputs = inputs;
    this.#expected = expected;
  }

  static async prepare(problem: Problem): Promise<Checker> {
    const { loss, dim, precision, params } = problem;
    const inputs = await new Synthetic({ ...checkRows(problem), dim }, { precision }).inputsOf(loss);
    const { q, k, guide, positives, rows, cols } = inputs;
    const reference = new Reference({
      ...{ loss, params, dim, q: numbersOf(q), attributes: { rows, cols } },
      ...(k === undefined ? {} : { k: numbersOf(k) }),
      ...(guide === undefined ? {} : { guide: { q: numbersOf(guide.q), dim, ...(guide.k === undefined ? {} : { k: numbersOf(guide.k) }) } }),
      ...(positives === undefined ? {} : { positives }),
    });
    return new Checker(problem, inputs, reference.all());
  }

  /** Compares loss and gradients; `remake` makes a kernel of another chunk, so that small problems have several. */
  async check(kernel: Kernel, remake: (tiling: Tiling) => Runs): Promise<Checked> {
    const tolerance = toleranceOf(this.#problem.precision, kernel.target.device);
    const { loss, gradients } = await this.#chunked(kernel, remake).run({ ...this.#inputs, params: this.#problem.params });
    const expected = this.#expected;
    const errors = [
      { name: 'loss', error: apart([loss], [expected.loss], 0) / tolerance.loss },
      { name: 'dQ', error: apart(gradients?.q ?? [], expected.dQueries, 0) / tolerance.gradient },
      ...(expected.dKeys.length === 0 ? [] : [{ name: 'dK', error: apart(gradients?.k ?? [], expected.dKeys, 0) / tolerance.gradient }]),
      // A sum over all pairs, whose parts may nearly cancel.
      ...Object.entries(expected.params).map(([name, value]) => ({ name: `d${name}`, error: apart([gradients?.params[name] ?? NaN], [value], expected.loss / 16) / tolerance.gradient })),
    ];
    const worst = errors.find(({ error }) => !Number.isFinite(error)) ?? errors.reduce((most, each) => (each.error <= most.error ? most : each));
    return { kind: 'checked', error: Number.isFinite(worst.error) ? worst.error : null, worst: worst.name };
  }

  /** With a chunk of about half of the rows, and, where gradients are not made in the forward walk, of the columns. */
  #chunked(kernel: Kernel, remake: (tiling: Tiling) => Runs): Runs {
    const { n, m } = this.#problem;
    const { tiling } = kernel;
    const { block } = kernel.plan.tiling;
    const small = this.#shape();
    const half = (rows: number, tile: number): number => Math.ceil(rows / 2 / tile) * tile;
    const { chunk: usual, fused } = kernel.bind(n, m);
    const chunk = { ...tiling.chunk, rows: half(small.n, block.rows), cols: fused ? Math.max(usual.cols, small.m) : half(small.m, block.cols) };
    try {
      return remake({ ...tiling, chunk });
    } catch (error) {
      if (!(error instanceof InfinitileError)) throw error;
      // A chunk that the target does not split so: its own is taken as it is.
      return kernel;
    }
  }

  #shape() {
    const { loss } = this.#problem;
    const { n, m } = checkRows(this.#problem);
    return matrixShape(loss, { queries: n, keys: usesTensor(loss, 'keys') ? m : 0 });
  }
}

/** Odd numbers of rows, so that no tile divides them; as many keys as queries where the problem has. */
function checkRows({ dim, n, m }: Problem): { readonly n: number; readonly m: number } {
  const rows = Math.floor(Math.min(mostRows, Math.max(fewestRows, Math.sqrt(referenceWork / dim)))) | 1;
  return { n: rows, m: n === m ? rows : rows + 166 };
}

function numbersOf({ data, precision }: ShapedArray): Float32Array {
  if (data instanceof Float32Array) return data;
  return precision === 'f16' ? f16ToF32(data) : bf16ToF32(data);
}

/** The distance by the size, in norm; of vectors smaller than `least` by that. */
function apart(actual: ArrayLike<number>, expected: ArrayLike<number>, least: number): number {
  let [difference, size] = [0, 0];
  for (let i = 0; i < expected.length; i += 1) {
    difference += ((actual[i] ?? NaN) - (expected[i] ?? NaN)) ** 2;
    size += (expected[i] ?? NaN) ** 2;
  }
  return Math.sqrt(difference) / Math.max(Math.sqrt(size), Math.abs(least), Number.MIN_VALUE);
}
