import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { libraryNames } from '../../../codegen/embed/c/index.js';
import { memberName } from '../../../codegen/embed/c/names.js';
import { packagePath } from '../../../codegen/emit/package-path.js';
import { bindWithin } from '../../../codegen/plan/bind-within.js';
import { isStacked } from '../../../codegen/plan/needs.js';
import type { Tensor } from '../../../dsl/loss.js';
import { automatic, compileProgram } from '../../../runtime/index.js';
import { filesOf, given, guideDim, here, tensorsOf, threads, type ExportedCase } from './exported-case.js';

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
    `#define CLEAR_GRADIENTS ${tensorsOf(one).map((name) => `clear_output(gradients.${name});`).join(' ')}`,
    ...placeLines(one),
    `#define FIRST_GRADIENT gradients.${tensorsOf(one)[0] ?? ''}`,
    `#define FACTOR ${factor}`,
    `#define SAVE_GRADIENTS(when) ${tensorsOf(one).map((name) => `save_output(when ".${name}.bin", gradients.${name});`).join(' ')}`,
    '',
  ].join('\n');
}

/** By which the program multiplies a gradient; fp32 holds it. */
export const factor = 0.3125;

/** Of a queued call: where its numbers go, and where learned scalars lie. */
function placeLines({ loss, params }: ExportedCase): readonly string[] {
  const given = loss.params.map((name) => ({ member: memberName(name), value: params[name] ?? NaN }));
  const places = given.map(({ member, value }, i) => `results.params.${member} = numbers + ${i + 1}; params.${member} = placed(${value});`);
  return [
    `#define PARAM_PLACES ${given.length === 0 ? '' : 'LIBRARY(param_places) params;'}`,
    `#define PARAMS_AT ${given.length === 0 ? '' : '&params,'}`,
    `#define PLACE_NUMBERS results.loss = numbers; ${places.join(' ')}`,
  ];
}

/** Which library a program is of. */
export function libraryLines({ loss, precision, dim, strideMore = 0 }: ExportedCase): readonly string[] {
  const { prefix, macro } = libraryNames(loss.name);
  return [
    `#include <${prefix}.h>`,
    `#define LIBRARY_HANDLE ${prefix}`,
    `#define LIBRARY(name) ${prefix}_##name`,
    `#define TYPE ${macro}_TYPE`,
    `#define LIBRARY_F32 ${macro}_F32`,
    `#define ELEMENT_BYTES ${precision === 'f32' ? 4 : 2}`,
    `#define DIM ${dim}`,
    `#define STRIDE_MORE ${strideMore}`,
    `#define PARAM_COUNT ${loss.params.length}`,
  ];
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
