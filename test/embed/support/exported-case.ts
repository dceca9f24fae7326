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
import { automatic, compile, compileProgram, targetNamed, type PairwiseLoss, type Precision, type SoftmaxMode, type Tiling } from '../../../runtime/index.js';
import { cpuTarget } from '../../../runtime/device/choose-target.js';
import type { Tensor } from '../../../dsl/loss.js';
import type { WholeInputs } from '../../support/ring-kernel.js';
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
  /** Rows of the queries and keys; drawn, unless given. */
  readonly q?: Float32Array;
  readonly k?: Float32Array;
  /** Elements between the rows that the library is given, inputs and outputs. */
  readonly strideMore?: number;
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

/** The files of a library with images that only say what they are. */
export function markedLibrary(request: LibraryRequest, compiled = compileTargets(request)): ReadonlyMap<string, string> {
  return emitLibrary(request, compiled, markedImages(compiled));
}

/** What is exported of a case. */
export function requestOf({ loss, dim, precision, tiling = automatic }: ExportedCase, targets: readonly string[] = [here.name]): LibraryRequest {
  const found = targets.map((name) => targetNamed(name)).filter((target) => target !== undefined);
  return { loss, dim, precision, tiling, targets: found, ...(loss.guide ? { guideDim } : {}) };
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

/** What both sides are given. */
export function given({ loss, precision, queries, keys, dim, params, rows: ofRows, cols: ofCols, positives, q, k }: ExportedCase): WholeInputs {
  const matrix = (count: number, depth: number, seed: number) => round(rows(count, depth, seed), precision).stored;
  const pair = (depth: number, seed: number) => ({ q: matrix(queries, depth, seed), ...(keys > 0 ? { k: matrix(keys, depth, seed + 1) } : {}) });
  return {
    ...pair(dim, 1),
    ...(q === undefined ? {} : { q }),
    ...(k === undefined ? {} : { k }),
    params,
    ...(loss.guide ? { guide: pair(guideDim, 3) } : {}),
    ...(ofRows === undefined ? {} : { rows: ofRows }),
    ...(ofCols === undefined ? {} : { cols: ofCols }),
    ...(positives === undefined ? {} : { positives }),
  };
}

/** By their names, as programs read them: tensors apart, and as the stack that some losses take in their place. */
export function filesOf({ q, k, guide, rows: ofRows = {}, cols: ofCols = {}, positives }: WholeInputs): ReadonlyMap<string, Buffer> {
  const tensors = [
    ['queries', [q]],
    ['keys', [k]],
    ['embeddings', [q, k]],
    ['guide_queries', [guide?.q]],
    ['guide_keys', [guide?.k]],
    ['guides', [guide?.q, guide?.k]],
    ...Object.entries(ofRows).map(([name, values]) => [`rows.${name}`, [values]] as const),
    ...Object.entries(ofCols).map(([name, values]) => [`cols.${name}`, [values]] as const),
    ['positives', [positives]],
  ] as const;
  return new Map(tensors.map(([name, parts]) => [name, Buffer.concat(parts.flatMap((part) => (part === undefined ? [] : [bytesOf(part)])))]));
}

export function bytesOf(view: ArrayBufferView): Buffer {
  return Buffer.from(view.buffer, view.byteOffset, view.byteLength);
}

export interface ConsumerOptions {
  readonly device?: 'cpu' | 'cuda';
  readonly program?: 'consumer.c' | 'range.c';
}

/** Writes the program, `case.h` and the inputs. */
export async function writeConsumer(folder: string, one: ExportedCase, { device = 'cpu', program = 'consumer.c' }: ConsumerOptions = {}): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const file of [program, 'case_memory.h']) await copyFile(packagePath('test', 'embed', 'support', file), path.join(folder, file));
  await writeFile(path.join(folder, 'case.h'), caseHeader(one, device));
  for (const [name, bytes] of filesOf(given(one))) await writeFile(path.join(folder, `${name}.bin`), bytes);
}

function caseHeader(one: ExportedCase, device: 'cpu' | 'cuda'): string {
  const { queries, keys, workspace } = one;
  const lines = inputLines(one, { queries: String(queries), keys: String(keys) }, (name) => `"${name}.bin"`);
  return [
    ...libraryLines(one),
    ...(device === 'cuda' ? ['#define CASE_ON_GPU'] : []),
    `#define CREATE(handle) LIBRARY(create_${device})(${device === 'cpu' ? threads : 0}, handle)`,
    `#define QUERIES ${queries}`,
    `#define KEYS ${keys}`,
    `#define WORKSPACE_LESS ${workspace === undefined ? 0 : defaultWorkspace(one) - workspace}`,
    `#define GIVE_INPUTS ${lines.join(' ')}`,
    `#define GIVE_PARAMS(to) ${paramLines(one).join(' ')}`,
    `#define SAVE_GRADIENTS(when) ${tensorsOf(one).map((name) => `save_output(when ".${name}.bin", gradients.${name});`).join(' ')}`,
    '',
  ].join('\n');
}

/** Which library a program is of. */
export function libraryLines({ loss, precision, dim, strideMore = 0 }: ExportedCase): readonly string[] {
  const { prefix, macro } = libraryNames(loss.name);
  return [
    `#include <${prefix}.h>`,
    `#define LIBRARY_HANDLE ${prefix}`,
    `#define LIBRARY(name) ${prefix}_##name`,
    `#define TYPE ${macro}_TYPE`,
    `#define ELEMENT_BYTES ${precision === 'f32' ? 4 : 2}`,
    `#define DIM ${dim}`,
    `#define STRIDE_MORE ${strideMore}`,
    `#define PARAM_COUNT ${loss.params.length}`,
  ];
}

/** Tensors that a loss has gradients of, as the library names them. */
export function tensorsOf({ loss }: Pick<ExportedCase, 'loss'>): readonly string[] {
  return isStacked(loss) ? ['embeddings'] : ['queries', 'keys'];
}

/** Gradients of the parameters, one after the other. */
export function paramLines({ loss }: ExportedCase): readonly string[] {
  return loss.params.map((name, i) => `(to)[${i}] = gradients.params.${memberName(name)};`);
}

/** Statements that fill `inputs` and `gradients`: `counts` are expressions of C, `file` what the program's functions are given for a file. */
export function inputLines({ loss, params, positives, rows: ofRows = {}, cols: ofCols = {} }: ExportedCase, { queries, keys }: Readonly<Record<Tensor, string>>, file: (name: string) => string): readonly string[] {
  const countOf = (tensors: readonly Tensor[]) => tensors.map((tensor) => (tensor === 'queries' ? queries : keys)).join(' + ');
  const { rows: rowTensors, cols: colTensors } = loss.between;
  const all = (['queries', 'keys'] as const).filter((tensor) => rowTensors.includes(tensor) || colTensors.includes(tensor));
  const stacked = isStacked(loss);
  const tensors = stacked ? [['embeddings', countOf(all)] as const] : ([['queries', queries], ['keys', keys]] as const);
  const guides = !loss.guide ? [] : stacked ? [['guides', countOf(all)] as const] : ([['guide_queries', queries], ['guide_keys', keys]] as const);
  const vector = (member: string, name: string, count: string, type: 'i32' | 'f32' | undefined) => {
    const bytes = `(size_t)(4 * (${count}))`;
    return `inputs.${member}.data = (const ${type === 'f32' ? 'float' : 'int32_t'} *)on_device(load(${file(name)}, ${bytes}), ${bytes}); inputs.${member}.count = ${count};`;
  };
  const attributes = (side: 'rows' | 'cols', given: object, tensorsOfSide: readonly Tensor[]) =>
    Object.keys(given).map((name) => vector(`${side}.${memberName(name)}`, `${side}.${name}`, countOf(tensorsOfSide), loss.attributes[side][name]));
  return [
    ...tensors.map(([name, count]) => `inputs.${name} = matrix(${file(name)}, ${count}, DIM); gradients.${name} = output(${count});`),
    ...(stacked && all.includes('keys') ? [`inputs.queries = ${queries};`] : []),
    ...guides.map(([name, count]) => `inputs.${name} = matrix(${file(name)}, ${count}, ${guideDim});`),
    ...attributes('rows', ofRows, rowTensors),
    ...attributes('cols', ofCols, colTensors),
    ...(positives === undefined ? [] : [vector('positives', 'positives', countOf(rowTensors), 'i32')]),
    ...loss.params.map((name) => `inputs.params.${memberName(name)} = ${params[name] ?? NaN};`),
  ];
}

/** Bytes of workspace that a loss with one plan takes where no budget is given. */
function defaultWorkspace({ loss, dim, precision, queries, keys }: ExportedCase): number {
  const { plan } = compileProgram({ loss, dim, precision, tiling: automatic, target: here, softmax: 'bounded' });
  return bindWithin(plan, { n: queries, m: keys, workers: threads }, here.defaultWorkspace).workspaceBytes;
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

export function copied(buffer: Buffer): ArrayBuffer {
  return new Uint8Array(buffer).buffer;
}

/** The same from kernels that are compiled here, and how exponentials were kept in range. */
export async function expected(one: ExportedCase, target = here.name): Promise<Results & { readonly softmax: SoftmaxMode }> {
  const { loss, dim, precision, tiling, workspace } = one;
  const kernel = await compile(loss, { dim, precision, target, threads, tuned: false, ...(loss.guide ? { guideDim } : {}), ...(tiling === undefined ? {} : { tiling }), ...(workspace === undefined ? {} : { workspace }) });
  try {
    const { loss: value, gradients, softmax } = await kernel.run(given(one));
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
