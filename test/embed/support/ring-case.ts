import { copyFile, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { libraryNames } from '../../../codegen/embed/c/index.js';
import { packagePath } from '../../../codegen/emit/package-path.js';
import { isStacked } from '../../../codegen/plan/needs.js';
import type { RunResult } from '../../../runtime/index.js';
import { RingKernel } from '../../support/ring-kernel.js';
import { inputLines, libraryLines, paramLines } from './consumer.js';
import { copied, filesOf, given, guideDim, here, tensorsOf, threads, type ExportedCase } from './exported-case.js';
import type { Results } from './results.js';

/** A loss that ranks share, by the exported library and by the kernels that are compiled here. */
export interface RingCase extends ExportedCase {
  readonly ranks: number;
}

/** Ranks of this process, with the case's shards: uneven ones. */
export function ringKernel({ loss, dim, precision, tiling, ranks }: RingCase): RingKernel {
  const options = { dim, precision, target: here.name, threads, ...(loss.guide ? { guideDim } : {}), ...(tiling === undefined ? {} : { tiling }) };
  return new RingKernel(loss, options, { ranks });
}

/** Writes `ring.c`, `case.h` and the inputs of each rank. */
export async function writeRanks(folder: string, one: RingCase, kernel: RingKernel, device: 'cpu' | 'cuda' = 'cpu'): Promise<void> {
  const whole = given(one);
  const shape = kernel.shapeOf(whole);
  for (const file of ['ring.c', 'case_memory.h']) await copyFile(packagePath('test', 'embed', 'support', file), path.join(folder, file));
  await writeFile(path.join(folder, 'case.h'), ringHeader(one, shape.tensors, device));
  for (const rank of shape.tensors.keys()) {
    for (const [name, bytes] of filesOf(kernel.partOf(whole, shape, rank))) await writeFile(path.join(folder, `${rank}.${name}.bin`), bytes);
  }
}

function ringHeader(one: RingCase, tensors: readonly { readonly queries: number; readonly keys: number }[], device: 'cpu' | 'cuda'): string {
  const { prefix, macro } = libraryNames(one.loss.name);
  const lines = inputLines(one, { queries: 'query_counts[rank]', keys: 'key_counts[rank]' }, (name) => `path(rank, "${name}")`);
  const list = (counts: readonly number[]) => `{${counts.join(', ')}}`;
  return [
    ...libraryLines(one),
    `#include <${prefix}_ring.h>`,
    ...['DONE', 'SHARE', 'PASS', 'KEYS', 'SUMS', 'LARGEST'].map((name) => `#define RING_${name} ${macro}_RING_${name}`),
    `#define CREATE(handle) LIBRARY(create_${device})(${device === 'cpu' ? threads : 0}, handle)`,
    // A fake driver's log tells ranks apart by it.
    `#define STREAM(rank) ${device === 'cpu' ? 'NULL' : '(void *)(intptr_t)((rank) + 1)'}`,
    `#define RANKS ${tensors.length}`,
    `#define QUERY_COUNTS ${list(tensors.map(({ queries }) => queries))}`,
    `#define KEY_COUNTS ${list(tensors.map(({ keys }) => keys))}`,
    `#define GIVE_INPUTS ${lines.join(' ')}`,
    `#define GIVE_PARAMS(to) ${paramLines(one).join(' ')}`,
    `#define SAVE_GRADIENTS ${tensorsOf(one).map((name) => `save_output(path_when(rank, when, "${name}"), gradients.${name});`).join(' ')}`,
    '',
  ].join('\n');
}

/** What a rank has left. */
export async function readRank(folder: string, one: RingCase, rank: number, when: 'both' | 'apart'): Promise<Results> {
  const read = async (name: string) => copied(await readFile(path.join(folder, `${rank}.${when}.${name}.bin`)));
  const [loss = NaN, ...params] = new Float64Array(await read('values'));
  const gradients = await Promise.all(tensorsOf(one).map(async (name) => new Float32Array(await read(name))));
  return { losses: [loss], params: Float64Array.from(params), gradients };
}

/** The same of what was computed here. */
export function resultsOf({ loss }: RingCase, { loss: value, gradients }: RunResult): Results {
  if (gradients === undefined) throw new Error('gradients were asked for');
  const { q, k, params: ofParams } = gradients;
  return { losses: [value], params: Float64Array.from(loss.params, (name) => ofParams[name] ?? NaN), gradients: isStacked(loss) ? [Float32Array.from([...q, ...k])] : [q, k] };
}
