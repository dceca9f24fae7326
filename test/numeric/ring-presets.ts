import type { ExecutionContext } from 'ava';
import { Reference, type PairwiseLoss, type Precision, type RunResult } from '../../runtime/index.js';
import type { RingKernel, WholeInputs } from '../support/ring-kernel.js';
import { toleranceOf } from '../../runtime/tune/worker/tolerance.js';
import { round } from './harness.js';
import { rows } from './rows.js';

/** A loss over ranks, with the rows of all of them. */
export interface Preset {
  readonly loss: PairwiseLoss;
  readonly n: number;
  readonly m: number;
  readonly more?: Partial<WholeInputs<Float32Array>>;
}

export interface Depths {
  readonly dim: number;
  /** Of the guide, where the loss has one. */
  readonly guideDim?: number;
  /** `f32`, unless said. */
  readonly precision?: Precision;
}

export const scaled = { logScale: Math.log(20) };

/** Runs a preset over the kernel's ranks and compares all that they give with fp64; ranks of positives where no rounding of products can turn them. */
export async function checkPreset(t: ExecutionContext, kernel: RingKernel, preset: Preset, depths: Depths): Promise<RunResult> {
  const { loss, n, m } = preset;
  const { precision = 'f32', dim } = depths;
  const { device, name } = kernel.target;
  const { loss: ofLoss, gradient } = toleranceOf(precision, device);
  const { inputs, exact } = prepared(preset, depths);
  const found = await kernel.run(inputs, { lse: true, metrics: device === 'cpu' && loss.positives.kind !== 'where' });
  const about = `${loss.name}, ${loss.positives.kind}, ${precision} N=${n} M=${m} D=${dim} on ${name}`;
  const within = (what: string, error: number, most: number) => t.true(error <= most, `${about}: ${what} is off by ${error.toExponential(2)}; at most ${most} is allowed`);
  within('loss', Math.abs(found.loss / exact.loss - 1), ofLoss);
  within('dQ', distance(found.gradients?.q ?? [], exact.dQueries), gradient);
  if (exact.dKeys.length > 0) within('dK', distance(found.gradients?.k ?? [], exact.dKeys), gradient);
  for (const param of loss.params) within(`d${param}`, Math.abs((found.gradients?.params[param] ?? NaN) / (exact.params[param] ?? NaN) - 1), gradient);
  if (loss.rows !== undefined) within('row LSE', distance(found.lse?.rows ?? [], exact.rowLse), ofLoss);
  if (loss.cols !== undefined) within('column LSE', distance(found.lse?.cols ?? [], exact.colLse), ofLoss);
  if (device === 'cpu' && exact.rowRanks !== undefined) t.deepEqual([...(found.metrics?.rows?.ranks ?? [])].map((rank) => (rank < 0 ? NaN : rank)), [...exact.rowRanks], `${about}: ranks of rows`);
  return found;
}

/** The inputs of a preset, as a kernel of that precision takes them. */
export function inputsOf(preset: Preset, depths: Depths): WholeInputs {
  return prepared(preset, depths).inputs;
}

function prepared({ loss, n, m, more = {} }: Preset, { dim, guideDim = dim, precision = 'f32' }: Depths) {
  const drawn = rows(n, dim, 1);
  const q = round(drawn, precision);
  const usesKeys = [...loss.between.rows, ...loss.between.cols].includes('keys');
  const k = usesKeys ? round(rows(m, dim, 2, undefined, n === m ? drawn : undefined), precision) : undefined;
  const inputs: WholeInputs<Float32Array> = { q: q.stored, ...(k === undefined ? {} : { k: k.stored }), params: scaled, ...more };
  const { params = {}, positives, guide, rows: ofRows = {}, cols = {} } = inputs;
  const reference = new Reference({
    ...{ loss, dim, params, q: q.values, attributes: { rows: ofRows, cols } },
    ...(k === undefined ? {} : { k: k.values }),
    ...(positives === undefined ? {} : { positives }),
    ...(guide === undefined ? {} : { guide: { ...guide, dim: guideDim } }),
  });
  return { inputs, exact: reference.all() };
}

function distance(values: ArrayLike<number>, exact: ArrayLike<number>): number {
  const norm = (of: (i: number) => number) => Math.sqrt(Array.from({ length: exact.length }, (_, i) => of(i) ** 2).reduce((sum, square) => sum + square, 0));
  return norm((i) => (values[i] ?? NaN) - (exact[i] ?? NaN)) / norm((i) => exact[i] ?? NaN);
}
