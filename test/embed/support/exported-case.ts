import { execFile } from 'node:child_process';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import type { ExecutionContext } from 'ava';
import { compileTargets, emitLibrary, libraryNames, type Images, type LibraryRequest, type TargetPrograms } from '../../../codegen/embed/c/index.js';
import { memberName } from '../../../codegen/embed/c/names.js';
import { packagePath } from '../../../codegen/emit/package-path.js';
import { bindWithin } from '../../../codegen/plan/bind-within.js';
import { isStacked } from '../../../codegen/plan/needs.js';
import { exportLibrary } from '../../../runtime/export/export-library.js';
import { automatic, compile, compileProgram, targetNamed, type PairwiseLoss, type Precision, type RunInputs, type SoftmaxMode, type Tiling } from '../../../runtime/index.js';
import { cpuTarget } from '../../../runtime/device/choose-target.js';
import { round } from '../../numeric/harness.js';
import { rows } from '../../numeric/rows.js';
import { writeAll } from './folder.js';

/** A loss on one set of inputs, run by the exported library and by the kernels that are compiled here. */
export interface ExportedCase {
  readonly name: string;
  readonly loss: PairwiseLoss;
  readonly precision: Precision;
  readonly queries: number;
  /** 0 for a loss of queries alone. */
  readonly keys: number;
  readonly dim: number;
  readonly params: Readonly<Record<string, number>>;
  readonly rows?: Readonly<Record<string, Int32Array | Float32Array>>;
  readonly cols?: Readonly<Record<string, Int32Array | Float32Array>>;
  readonly positives?: Int32Array;
  readonly tiling?: Tiling;
  /** Bytes of workspace beyond the statistics: of a loss without a softmax, which has one plan. */
  readonly workspace?: number;
  readonly softmax?: SoftmaxMode;
}

export const threads = 2;
export const guideDim = 24;

/** The target that this machine's CPU runs best. */
export const here = cpuTarget('cpu');

/** `marked`: with images that only say what they are, for libraries whose kernels do not run. */
export async function writeLibrary(folder: string, one: ExportedCase, targets: readonly string[] = [here.name], marked = false): Promise<void> {
  const request = requestOf(one, targets);
  await writeAll(folder, marked ? markedLibrary(request) : await exportLibrary(request));
}

export function requestOf({ loss, dim, precision, tiling = automatic }: ExportedCase, names: readonly string[]): LibraryRequest {
  const targets = names.map((name) => targetNamed(name)).filter((target) => target !== undefined);
  return { loss, dim, precision, tiling, targets, ...(loss.guide ? { guideDim } : {}) };
}

/** The files of a library with images that say what they are. */
export function markedLibrary(request: LibraryRequest): ReadonlyMap<string, string> {
  const compiled = compileTargets(request);
  return emitLibrary(request, compiled, markedImages(compiled));
}

/** Runs a program; what it says when it fails is in the error. */
export async function run(command: string, args: readonly string[], cwd: string, env: Readonly<Record<string, string>> = {}): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)(command, args, { cwd, env: { ...process.env, ...env }, maxBuffer: 2 ** 26 });
    return stdout;
  } catch (error) {
    const said = error instanceof Error && 'stderr' in error ? String(error.stderr) : '';
    throw new Error(`${[command, ...args].join(' ')}\n${said}`, { cause: error });
  }
}

/** Results in the same order from both sides. */
export interface Results {
  readonly losses: readonly number[];
  readonly params: Float64Array;
  readonly gradients: readonly Float32Array[];
}

export interface Given {
  readonly inputs: RunInputs;
  /** Files that the program reads. */
  readonly files: ReadonlyMap<string, ArrayBufferView>;
}

export function given({ loss, precision, queries, keys, dim, params, rows: ofRows, cols: ofCols, positives }: ExportedCase): Given {
  const matrix = (count: number, depth: number, seed: number) => round(rows(count, depth, seed), precision).stored;
  const [q, k] = [matrix(queries, dim, 1), matrix(Math.max(1, keys), dim, 2)];
  const [guideQ, guideK] = [matrix(queries, guideDim, 3), matrix(Math.max(1, keys), guideDim, 4)];
  const both = keys > 0;
  const inputs: RunInputs = {
    q,
    ...(both ? { k } : {}),
    params,
    ...(loss.guide ? { guide: { q: guideQ, ...(both ? { k: guideK } : {}) } } : {}),
    ...(ofRows === undefined ? {} : { rows: ofRows }),
    ...(ofCols === undefined ? {} : { cols: ofCols }),
    ...(positives === undefined ? {} : { positives }),
  };
  const files = new Map<string, ArrayBufferView>([
    ['queries', q],
    ['keys', k],
    ['embeddings', both ? joined(q, k) : q],
    ['guide_queries', guideQ],
    ['guide_keys', guideK],
    ['guides', both ? joined(guideQ, guideK) : guideQ],
    ...Object.entries(ofRows ?? {}).map(([name, values]): [string, ArrayBufferView] => [`rows.${name}`, values]),
    ...Object.entries(ofCols ?? {}).map(([name, values]): [string, ArrayBufferView] => [`cols.${name}`, values]),
    ...(positives === undefined ? [] : [['positives', positives] satisfies [string, ArrayBufferView]]),
  ]);
  return { inputs, files };
}

function joined(first: Float32Array | Uint16Array, second: Float32Array | Uint16Array): ArrayBufferView {
  return Buffer.concat([bytesOf(first), bytesOf(second)]);
}

export function bytesOf(view: ArrayBufferView): Buffer {
  return Buffer.from(view.buffer, view.byteOffset, view.byteLength);
}

export interface ConsumerOptions {
  readonly device?: 'cpu' | 'cuda';
}

/** Writes `consumer.c`, `case.h` and the inputs. */
export async function writeConsumer(folder: string, one: ExportedCase, { device = 'cpu' }: ConsumerOptions = {}): Promise<void> {
  await mkdir(folder, { recursive: true });
  await copyFile(packagePath('test', 'embed', 'support', 'consumer.c'), path.join(folder, 'consumer.c'));
  await writeFile(path.join(folder, 'case.h'), caseHeader(one, device));
  for (const [name, view] of given(one).files) await writeFile(path.join(folder, `${name}.bin`), bytesOf(view));
}

function caseHeader({ loss, precision, queries, keys, dim, params, positives, ...one }: ExportedCase, device: 'cpu' | 'cuda'): string {
  const { prefix, macro } = libraryNames(loss.name);
  const stacked = isStacked(loss);
  const tensors = stacked ? [['embeddings', queries + keys] as const] : ([['queries', queries], ['keys', keys]] as const);
  const guides = !loss.guide ? [] : stacked ? [['guides', queries + keys] as const] : ([['guide_queries', queries], ['guide_keys', keys]] as const);
  const uses = (tensor: 'queries' | 'keys') => loss.between.rows.includes(tensor) || loss.between.cols.includes(tensor);
  const shape = { rows: loss.between.rows.length === 2 ? queries + keys : queries, cols: loss.between.cols.length === 2 ? queries + keys : loss.between.cols[0] === 'queries' ? queries : keys };
  const vectors = [
    ...(['rows', 'cols'] as const).flatMap((side) => Object.keys(one[side] ?? {}).map((name) => [`${side}.${memberName(name)}`, `${side}.${name}`, shape[side], loss.attributes[side][name]] as const)),
    ...(positives === undefined ? [] : [['positives', 'positives', positives.length, 'i32'] as const]),
  ];
  const lines = [
    ...tensors.map(([name, count]) => `inputs.${name} = matrix("${name}.bin", ${count}, DIM); gradients.${name} = output(${count});`),
    ...(stacked && uses('keys') ? [`inputs.queries = ${queries};`] : []),
    ...guides.map(([name, count]) => `inputs.${name} = matrix("${name}.bin", ${count}, ${guideDim});`),
    ...vectors.map(([member, file, count, type]) => `inputs.${member}.data = (const ${type === 'i32' ? 'int32_t' : 'float'} *)load("${file}.bin", ${4 * count}); inputs.${member}.count = ${count};`),
    ...loss.params.map((name) => `inputs.params.${memberName(name)} = ${params[name] ?? NaN};`),
  ];
  return [
    `#include <${prefix}.h>`,
    `#define LIBRARY_HANDLE ${prefix}`,
    `#define LIBRARY(name) ${prefix}_##name`,
    `#define TYPE ${macro}_TYPE`,
    `#define ELEMENT_BYTES ${precision === 'f32' ? 4 : 2}`,
    `#define DIM ${dim}`,
    `#define CREATE(handle) LIBRARY(create_${device})(${device === 'cpu' ? threads : 0}, handle)`,
    `#define QUERIES ${queries}`,
    `#define KEYS ${keys}`,
    `#define WORKSPACE_LESS ${one.workspace === undefined ? 0 : defaultWorkspace({ loss, precision, queries, keys, dim, params, ...one }) - one.workspace}`,
    `#define PARAM_COUNT ${loss.params.length}`,
    `#define GIVE_INPUTS ${lines.join(' ')}`,
    `#define GIVE_PARAMS(to) ${loss.params.map((name, i) => `(to)[${i}] = gradients.params.${memberName(name)};`).join(' ')}`,
    `#define SAVE_GRADIENTS(when) ${tensors.map(([name]) => `save_output(when ".${name}.bin", gradients.${name});`).join(' ')}`,
    '',
  ].join('\n');
}

/** Bytes of workspace that a loss with one plan takes where no budget is given. */
function defaultWorkspace({ loss, dim, precision, queries, keys }: ExportedCase): number {
  const { plan } = compileProgram({ loss, dim, precision, tiling: automatic, target: here, softmax: 'bounded' });
  return bindWithin(plan, { n: queries, m: keys, workers: threads }, here.defaultWorkspace).workspaceBytes;
}

/** What the program has left: of both walks in one call, and of one after the other. */
export async function readResults(folder: string, { loss }: ExportedCase): Promise<readonly [both: Results, apart: Results]> {
  const values = new Float64Array(copied(await readFile(path.join(folder, 'values.bin'))));
  const names = isStacked(loss) ? ['embeddings'] : ['queries', 'keys'];
  const count = loss.params.length;
  const results = async (when: 'both' | 'apart', place: number): Promise<Results> => ({
    losses: [values[place] ?? NaN],
    params: values.slice(2 + place * count, 2 + (place + 1) * count),
    gradients: await Promise.all(names.map(async (name) => new Float32Array(copied(await readFile(path.join(folder, `${when}.${name}.bin`)))))),
  });
  return [await results('both', 0), await results('apart', 1)];
}

export function copied(buffer: Buffer): ArrayBuffer {
  return new Uint8Array(buffer).buffer;
}

/** The same from kernels that are compiled here, and how exponentials were kept in range. */
export async function expected(one: ExportedCase): Promise<Results & { readonly softmax: SoftmaxMode }> {
  const { loss, dim, precision, tiling, workspace } = one;
  const kernel = await compile(loss, { dim, precision, target: here.name, threads, ...(loss.guide ? { guideDim } : {}), ...(tiling === undefined ? {} : { tiling }), ...(workspace === undefined ? {} : { workspace }) });
  try {
    const { loss: value, gradients, softmax } = await kernel.run(given(one).inputs);
    if (gradients === undefined) throw new Error('gradients were asked for');
    const { q, k, params } = gradients;
    const both = isStacked(loss) ? [Float32Array.from([...q, ...k])] : [q, k];
    return { losses: [value], params: Float64Array.from(loss.params, (name) => params[name] ?? NaN), gradients: both, softmax };
  } finally {
    kernel.close();
  }
}

/** Bit for bit. */
export function same(t: ExecutionContext, actual: Results, mine: Results): void {
  t.deepEqual(actual.losses, mine.losses);
  t.deepEqual([...actual.params], [...mine.params]);
  actual.gradients.forEach((gradient, i) => t.true(bytesOf(gradient).equals(bytesOf(mine.gradients[i] ?? new Float32Array())), `gradient ${i} differs`));
}

/** Runs the lines that the README gives for builds without CMake, warnings as errors. */
export async function buildByReadme(library: string): Promise<void> {
  const readme = await readFile(path.join(library, 'README.md'), 'utf8');
  const block = /Without it[^\n]*:\n\n```sh\n([^`]*)```/.exec(readme)?.[1] ?? '';
  for (const line of block.trimEnd().split('\n')) await run('sh', ['-c', line.replace(/^(cc|c\+\+) /, '$1 -Wall -Wextra -Werror ')], library);
}

/** Images that say what they are. */
function markedImages(compiled: readonly TargetPrograms[]): Images {
  const text = (word: string): Uint8Array => new TextEncoder().encode(word);
  return new Map(compiled.map(({ target, kernels }) => [target, new Map(kernels.files.map(({ name }) => [name, { cubin: text(`cubin ${target.name}`), ...(target.name === 'sm_80' ? { ptx: text(`ptx ${target.name}`) } : {}) }]))]));
}
