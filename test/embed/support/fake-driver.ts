import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Program } from '../../../codegen/compile.js';
import { everyProgram, type TargetPrograms } from '../../../codegen/embed/c/programs.js';
import { packagePath } from '../../../codegen/emit/package-path.js';
import type { Parameter } from '../../../codegen/plan/plan.js';
import { run } from './run.js';

/*
 * `fake-driver.cpp` and how it writes down what it is told.
 */

/** Of its GPU. */
export const multiprocessors = 132;

/** Builds the driver, which writes its calls into `log.txt`; what a process needs to find it, and the GPU that it then has. */
export async function buildDriver(folder: string, compiled: TargetPrograms, capability: string): Promise<Readonly<Record<string, string>>> {
  await run('c++', ['-std=c++17', '-shared', '-fPIC', packagePath('test', 'embed', 'support', 'fake-driver.cpp'), '-o', 'libcuda.so.1'], folder);
  await writeFile(path.join(folder, 'kernels.txt'), kernelLines(everyProgram(compiled)));
  return { LD_LIBRARY_PATH: folder, FAKE_CUDA_LOG: path.join(folder, 'log.txt'), FAKE_CUDA_KERNELS: path.join(folder, 'kernels.txt'), FAKE_CUDA_CAPABILITY: capability };
}

/** The kinds of every kernel's arguments, as the driver reads them: the last line of a name counts, and the first program is to. */
function kernelLines(programs: readonly Program[]): string {
  const kinds = ({ uniforms }: Program, { type }: Parameter): string => ({ pointer: 'p', i32: 'i', f32: 'f', tensorMap: 't', uniforms: `u${4 * Math.max(1, uniforms.length)}.` })[type];
  const lines = programs.flatMap((program) => program.plan.kernels.map(({ name, parameters }) => `${name} ${parameters.map((parameter) => kinds(program, parameter)).join('')}\n`));
  return lines.reverse().join('');
}

/** As C prints a float by `%.9g`. */
export function float(value: number): string {
  const [mantissa = '', exponent = '0'] = Math.fround(value).toExponential(8).split('e');
  const power = Number(exponent);
  const digits = (text: string): string => (text.includes('.') ? text.replace(/0+$/, '').replace(/\.$/, '') : text);
  if (power < -4 || power >= 9) return `${digits(mantissa)}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`;
  return digits(Math.fround(value).toFixed(Math.max(0, 8 - power)));
}
