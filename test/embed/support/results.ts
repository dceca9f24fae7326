import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { ExecutionContext } from 'ava';
import { isStacked } from '../../../codegen/plan/needs.js';
import { compile, type SoftmaxMode } from '../../../runtime/index.js';
import { round } from '../../numeric/harness.js';
import { factor } from './consumer.js';
import { bytesOf, copied, given, guideDim, here, tensorsOf, threads, type ExportedCase } from './exported-case.js';

/** Results in the same order from both sides. */
export interface Results {
  readonly losses: readonly number[];
  readonly params: Float64Array;
  readonly gradients: readonly Float32Array[];
}

/** What the program has left: of both walks in one call, and of one after the other. */
export async function readResults(folder: string, { loss }: ExportedCase): Promise<readonly [both: Results, apart: Results]> {
  const values = new Float64Array(copied(await readFile(path.join(folder, 'values.bin'))));
  const names = tensorsOf({ loss });
  const count = loss.params.length;
  const results = async (when: 'both' | 'apart', place: number): Promise<Results> => ({
    losses: [values[place] ?? NaN],
    params: values.slice(2 + place * count, 2 + (place + 1) * count),
    gradients: await Promise.all(names.map(async (name) => new Float32Array(copied(await readFile(path.join(folder, `${when}.${name}.bin`)))))),
  });
  return [await results('both', 0), await results('apart', 1)];
}

/** What its queued calls have left: with gradients, and the loss of one without. */
async function readQueued(folder: string, { loss }: ExportedCase): Promise<{ readonly both: Results; readonly loss: number }> {
  const floats = async (file: string): Promise<Float32Array> => new Float32Array(copied(await readFile(path.join(folder, file))));
  const [value = NaN, ...params] = await floats('queued.numbers.bin');
  const gradients = await Promise.all(tensorsOf({ loss }).map((name) => floats(`queued.${name}.bin`)));
  return { both: { losses: [value], params: Float64Array.from(params), gradients }, loss: (await floats('queued.loss.bin'))[0] ?? NaN };
}

/** What kernels say that are compiled here. */
export interface Expected extends Results {
  /** How exponentials were kept in range. */
  readonly softmax: SoftmaxMode;
  /** Of a forward walk alone. */
  readonly forwardLoss: number;
}

/** The same from kernels that are compiled here for a target. */
export async function expected(one: ExportedCase, target = here.name): Promise<Expected> {
  const { loss, dim, precision, tiling, workspace } = one;
  const kernel = await compile(loss, { dim, precision, target, threads, tuned: false, ...(loss.guide ? { guideDim } : {}), ...(tiling === undefined ? {} : { tiling }), ...(workspace === undefined ? {} : { workspace }) });
  try {
    const { loss: value, gradients, softmax } = await kernel.run(given(one));
    if (gradients === undefined) throw new Error('gradients were asked for');
    const { loss: forwardLoss } = await kernel.run(given(one), { gradients: false });
    const { q, k, params } = gradients;
    const both = isStacked(loss) ? [Float32Array.from([...q, ...k])] : [q, k];
    return { losses: [value], params: Float64Array.from(loss.params, (name) => params[name] ?? NaN), gradients: both, softmax, forwardLoss };
  } finally {
    kernel.close();
  }
}

/** As PyTorch has them, or a call that does not wait: every number in fp32. */
export function inFp32({ losses, params, gradients }: Results): Results {
  return { losses: losses.map(Math.fround), params: params.map(Math.fround), gradients };
}

/** Bit for bit. */
export function same(t: ExecutionContext, actual: Results, mine: Results): void {
  t.deepEqual(actual.losses, mine.losses);
  t.deepEqual([...actual.params], [...mine.params]);
  actual.gradients.forEach((gradient, i) => t.true(bytesOf(gradient).equals(bytesOf(mine.gradients[i] ?? new Float32Array())), `gradient ${i} differs`));
}

/** The same of queued calls, whose numbers are of fp32. */
export async function sameQueued(t: ExecutionContext, folder: string, one: ExportedCase, mine: Expected): Promise<void> {
  const { both, loss } = await readQueued(folder, one);
  same(t, both, inFp32(mine));
  t.is(loss, Math.fround(mine.forwardLoss));
  await sameProducts(t, folder, one, mine);
}

/** The first gradient times a number, in fp32, rounded, and rounded from its second number on: rows apart have zeros between them. */
async function sameProducts(t: ExecutionContext, folder: string, { precision, dim, strideMore = 0 }: ExportedCase, { gradients: [first = new Float32Array()] }: Results): Promise<void> {
  const stride = dim + strideMore;
  const apart = new Float32Array((first.length / dim) * stride);
  for (let row = 0; row * dim < first.length; row += 1) apart.set(first.subarray(row * dim, (row + 1) * dim), row * stride);
  const wide = apart.map((value) => value * factor);
  const narrowed = round(wide, precision).stored;
  const expectedBytes = [wide, narrowed, narrowed.subarray(1)].map(bytesOf);
  for (const [place, bytes] of expectedBytes.entries()) t.true((await readFile(path.join(folder, `product.${place}.bin`))).equals(bytes), `product ${place} differs`);
}
