import type { ExecutionContext } from 'ava';
import { bf16ToF32, compile, f16ToF32, f32ToBf16, f32ToF16, Reference, type Kernel, type PairwiseLoss, type Precision, type SoftmaxMode, type Tiling } from '../../runtime/index.js';
import { toleranceOf } from '../../runtime/tune/worker/tolerance.js';
import { rows } from './rows.js';

/** One run of a loss, checked against fp64 in every output. */
export interface Case {
  readonly loss: PairwiseLoss;
  readonly n: number;
  readonly m: number;
  readonly dim: number;
  readonly params: Readonly<Record<string, number>>;
  readonly precision?: Precision;
  readonly positives?: Int32Array;
  /** Norms of the rows; 1 unless said. */
  readonly norm?: (row: number) => number;
  /** All queries and all keys one vector: every logit the same, and the gradients nearly vanish. */
  readonly equalRows?: boolean;
  readonly target?: string;
  readonly tiling?: Tiling;
  readonly workspace?: number;
}

const kernels = new Map<string, Promise<Kernel>>();

/** Kernels serve all shapes of one depth: compiled once per test file. */
export function kernelFor({ loss, dim, precision = 'f32', target = 'cpu', tiling, workspace }: Case): Promise<Kernel> {
  const key = [loss.name, loss.positives.kind, JSON.stringify([loss.rows, loss.cols]), dim, precision, target, tiling?.name, workspace].join('|');
  const made =
    kernels.get(key) ??
    compile(loss, { dim, precision, target, ...(tiling === undefined ? {} : { tiling }), ...(workspace === undefined ? {} : { workspace }) });
  kernels.set(key, made);
  return made;
}

export async function checkCase(t: ExecutionContext, given: Case): Promise<SoftmaxMode> {
  return checkKernel(t, await kernelFor(given), given);
}

/** What takes whole inputs and gives whole results. */
export type KernelLike = Pick<Kernel, 'run'> & { readonly target: { readonly name: string; readonly device: 'cpu' | 'cuda' } };

/** A kernel that was made for the case. */
export async function checkKernel(t: ExecutionContext, kernel: KernelLike, given: Omit<Case, 'target' | 'tiling'>): Promise<SoftmaxMode> {
  const { loss, n, m, dim, params, precision = 'f32', positives, norm, equalRows = false } = given;
  const q = equalRows ? repeated(rows(1, dim, 1), n) : rows(n, dim, 1, norm);
  const k = equalRows ? repeated(rows(1, dim, 1), m) : rows(m, dim, 2, norm, positives === undefined ? q : undefined);
  const rounded = { q: round(q, precision), k: round(k, precision) };
  const inputs = { q: rounded.q.stored, k: rounded.k.stored, params, ...(positives === undefined ? {} : { positives }) };
  const result = await kernel.run(inputs, { lse: true });
  const reference = new Reference({ loss, params, dim, q: rounded.q.values, k: rounded.k.values, ...(positives === undefined ? {} : { positives }) }).all();

  const tolerance = toleranceOf(precision, kernel.target.device);
  const about = `${loss.name} ${precision} N=${n} M=${m} D=${dim} on ${kernel.target.name} (${result.softmax})`;
  const { gradients, lse } = result;
  if (gradients === undefined || lse === undefined) throw new Error('gradients and LSE were asked for');
  // Where the gradients vanish, what is left is rounding of terms as large as the logit's derivative.
  const natural = n * m === 1 || equalRows ? Math.max(1, ...Object.values(params).map((value) => Math.exp(value))) : 0;
  const checks: [string, number, number][] = [
    ['loss', relative([result.loss], [reference.loss], natural), tolerance.loss],
    ['dQ', relative(gradients.q, reference.dQueries, natural), tolerance.gradient],
    ['dK', relative(gradients.k, reference.dKeys, natural), tolerance.gradient],
    ...loss.params.map((name): [string, number, number] => [
      `d${name}`,
      relative([gradients.params[name] ?? NaN], [reference.params[name] ?? NaN], natural),
      tolerance.gradient,
    ]),
    ...(lse.rows === undefined ? [] : [['row LSE', worst(lse.rows, reference.rowLse), tolerance.loss] satisfies [string, number, number]]),
    ...(lse.cols === undefined ? [] : [['column LSE', worst(lse.cols, reference.colLse), tolerance.loss] satisfies [string, number, number]]),
  ];
  for (const [what, error, most] of checks) t.true(error <= most, `${about}: ${what} is off by ${error.toExponential(2)}; at most ${most} is allowed`);
  return result.softmax;
}

export async function closeKernels(): Promise<void> {
  for (const kernel of await Promise.allSettled(kernels.values())) if (kernel.status === 'fulfilled') kernel.value.close();
  kernels.clear();
}

function repeated(row: Float32Array, count: number): Float32Array {
  return Float32Array.from({ length: row.length * count }, (_, i) => row[i % row.length] ?? 0);
}

/** As a kernel of that precision stores them, and what they are then. */
export function round(values: Float32Array, precision: Precision): { readonly stored: Float32Array | Uint16Array; readonly values: Float32Array } {
  if (precision === 'f32') return { stored: values, values };
  const [narrow, widen] = precision === 'bf16' ? [f32ToBf16, bf16ToF32] : [f32ToF16, f16ToF32];
  const stored = narrow(values);
  return { stored, values: widen(stored) };
}

function relative(actual: ArrayLike<number>, expected: ArrayLike<number>, natural: number): number {
  let [difference, norm] = [0, 0];
  for (let i = 0; i < expected.length; i += 1) {
    difference += ((actual[i] ?? NaN) - (expected[i] ?? NaN)) ** 2;
    norm += (expected[i] ?? NaN) ** 2;
  }
  return Math.sqrt(difference) / Math.max(Math.sqrt(norm), natural);
}

function worst(actual: Float64Array, expected: Float64Array): number {
  return expected.reduce((most, value, i) => Math.max(most, Math.abs((actual[i] ?? NaN) - value) / Math.max(1, Math.abs(value))), 0);
}
