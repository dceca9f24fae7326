import fc from 'fast-check';
import { compile, InfinitileError, Reference, tiling, type Kernel, type PairwiseLoss, type ReferenceInputs } from '../../runtime/index.js';
import { draws, drawInputs, type Draw, type DrawnInputs } from '../support/draws.js';
import { losses } from '../support/losses.js';
import { printLoss } from '../support/print-loss.js';
import { roughArithmetic } from '../support/rounding.js';
import { compareQuantities, referenceQuantities, runQuantities } from './compare.js';
import { generator } from './rows.js';

export interface RandomRun {
  readonly seed: number;
  readonly losses: number;
  /** Runs of each loss: shapes, attributes, parameters and inputs. */
  readonly draws: number;
  readonly target: string;
  /** What the target's arithmetic is off by, generously. */
  readonly unit: number;
  /** Makes the i-th loss's kernel in another way than for a device of this machine. */
  readonly kernelFor?: (loss: PairwiseLoss, dims: { readonly dim: number; readonly guideDim: number }, i: number) => Promise<RunsLoss>;
}

/** A kernel, or what stands for one. */
export interface RunsLoss extends Pick<Kernel, 'run'> {
  close(): unknown;
}

export interface Tally {
  readonly compared: number;
  /** Losses that refuse their inputs, in the reference and in the kernel alike. */
  readonly refused: number;
  /** Runs in which rounding leaves too little of some quantity to compare it. */
  readonly undecided: number;
  readonly mistakes: readonly string[];
}

const dims = [5, 1, 16, 3, 33, 8, 64, 7] as const;
const guideDim = 3;

/** Chunks of several sizes, so that tiles end inside of the smallest matrices. */
const tilings = {
  cpu: [undefined, tiling('small', (t) => t.chunk({ rows: 64, cols: 64 })), tiling('wide', (t) => t.chunk({ rows: 32, cols: 128 }))],
  cuda: [undefined, tiling('small', (t) => t.chunk({ rows: 128, cols: 256 })), tiling('tall', (t) => t.chunk({ rows: 256, cols: 256 }))],
};

interface Compiled {
  readonly loss: PairwiseLoss;
  readonly dim: number;
  readonly kernel: RunsLoss;
}

/** Random losses on random inputs, against the reference. The next loss is compiled while one is compared. */
export async function runRandomLosses({ seed, losses: count, draws: runs, target, unit, kernelFor }: RandomRun): Promise<Tally> {
  const made = fc.sample(losses(), { seed, numRuns: count });
  const tally = { compared: 0, refused: 0, undecided: 0 };
  const mistakes: string[] = [];
  const start = async (i: number): Promise<Compiled | Error | undefined> => {
    const loss = made[i];
    const dim = dims[i % dims.length] ?? 1;
    if (loss === undefined) return undefined;
    const strategy = tilings[target === 'cuda' || target.startsWith('sm_') ? 'cuda' : 'cpu'][i % 3];
    const making = kernelFor?.(loss, { dim, guideDim }, i) ?? compile(loss, { dim, guideDim, target, ...(strategy === undefined ? {} : { tiling: strategy }) });
    return making.then(
      (kernel) => ({ loss, dim, kernel }),
      (error: unknown) => new Error(`loss ${i} of seed ${seed} does not compile\n  ${printLoss(loss)}\n${String(error)}`),
    );
  };
  let next = start(0);
  for (let i = 0; i < count; i += 1) {
    const compiled = await next;
    next = start(i + 1);
    if (compiled === undefined) break;
    if (compiled instanceof Error) {
      mistakes.push(compiled.message);
      continue;
    }
    for (const draw of fc.sample(draws(compiled.loss), { seed: seed + i, numRuns: runs })) {
      const { outcome, found } = await checkDraw(compiled, draw, unit, i % 4 === 0);
      tally[outcome] += 1;
      if (found.length > 0) mistakes.push(`loss ${i} of seed ${seed}, N = ${draw.n}, M = ${draw.m}, D = ${compiled.dim}, inputs of seed ${draw.seed}: ${found.join('; ')}\n  ${printLoss(compiled.loss)}`);
    }
    await compiled.kernel.close();
  }
  return { ...tally, mistakes };
}

interface Checked {
  readonly outcome: 'compared' | 'refused' | 'undecided';
  readonly found: readonly string[];
}

async function checkDraw({ loss, dim, kernel }: Compiled, draw: Draw, unit: number, reports: boolean): Promise<Checked> {
  const inputs = drawInputs(loss, { dim, guideDim }, draw);
  const exact = attempt(() => new Reference(referenceInputs(loss, dim, inputs)).all());
  const ranked = loss.positives.kind !== 'where';
  const result = await kernel.run(inputs, { lse: true, ...(reports ? { perRow: true, metrics: ranked } : {}) }).catch(refusal);
  if (exact instanceof InfinitileError || result instanceof InfinitileError) return checkRefusal(exact, result);
  const random = generator(draw.seed);
  const rough = ([undefined, undefined, 1, -1] as const).flatMap((bias) => {
    const again = attempt(() => new Reference({ ...referenceInputs(loss, dim, inputs), arithmetic: roughArithmetic(unit, random, bias) }).all());
    return again instanceof InfinitileError ? [] : [referenceQuantities(again)];
  });
  // A row that rounding leaves without a column that counts: nothing can be said of such inputs.
  if (rough.length < 4) return { outcome: 'undecided', found: [] };
  const { mistakes, undecided } = compareQuantities(runQuantities(result), referenceQuantities(exact), rough, unit);
  return { outcome: undecided.length > 0 ? 'undecided' : 'compared', found: mistakes };
}

function checkRefusal(exact: object, result: object): Checked {
  const said = (value: object) => (value instanceof InfinitileError ? value.message.split('\n')[0] : 'a result');
  const alike = [exact, result].every((value) => value instanceof InfinitileError && value.diagnostics.some(({ code }) => code === 'INF4010' || code === 'INF4014'));
  return { outcome: 'refused', found: alike ? [] : [`the kernel gives ${said(result)}, the reference ${said(exact)}`] };
}

function referenceInputs(loss: PairwiseLoss, dim: number, { rows, cols, guide, ...inputs }: DrawnInputs): ReferenceInputs {
  return { ...inputs, loss, dim, attributes: { rows, cols }, ...(guide === undefined ? {} : { guide: { ...guide, dim: guideDim } }) };
}

function attempt<T>(work: () => T): T | InfinitileError {
  try {
    return work();
  } catch (error) {
    return refusal(error);
  }
}

function refusal(error: unknown): InfinitileError {
  if (error instanceof InfinitileError) return error;
  throw error;
}
