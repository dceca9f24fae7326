import { Option } from 'commander';
import type { Precision } from '../../dsl/problem.js';
import { parseCount, parseNamedFile, parseParameters, parseSize } from './parse.js';

/** Flags that several commands take, each described once. */

const precisions: readonly Precision[] = ['f32', 'bf16', 'f16'];

export const tilingOption = (description = 'how the work is split; or a file.json of tune --save (default: what was tuned, else the target chooses)'): Option =>
  new Option('--tiling <name|file#export>', description);

export const targetOption = (): Option => new Option('--target <name>', "cpu, cuda, or a target's own name, such as x86-64-v4 or sm_80 (default: cpu)");

export const precisionOption = (fallback = ''): Option => new Option('--precision <type>', `how inputs are stored${fallback}`).choices(precisions);

export const workspaceOption = (): Option =>
  new Option('--workspace <size>', 'budget for memory beyond inputs and outputs, such as 256MiB (default: 256MiB)').argParser(parseSize);

export const threadsOption = (description = 'CPU workers (default: one per core)'): Option => new Option('--threads <count>', description).argParser(parseCount);

export const paramsOption = (fallback = ''): Option =>
  new Option('--params <name=value,...>', `values of the loss's learned scalars${fallback}`).argParser<Readonly<Record<string, number>>>(parseParameters);

/** Given once for each attribute. */
export const attributeOption = (flag: string, what: string): Option =>
  new Option(`${flag} <name=file>`, `an attribute of ${what}, such as label=labels.npy; repeatable`).argParser<Readonly<Record<string, string>>>(parseNamedFile);

export const countOption = (flags: string, description: string): Option => new Option(flags, description).argParser(parseCount);

export const patienceOption = (): Option => countOption('--patience <seconds>', 'how long a rank waits for another').default(30);

export const shareGpuOption = (): Option => new Option('--share-gpu', 'let ranks have one GPU together');

export const jsonOption = (): Option => new Option('--json', 'print one line of JSON');
