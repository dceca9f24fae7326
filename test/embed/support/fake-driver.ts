import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Program } from '../../../codegen/compile.js';
import { packagePath } from '../../../codegen/emit/package-path.js';
import type { Parameter } from '../../../codegen/plan/plan.js';
import { run } from './exported-case.js';

/** Builds the driver that writes down its calls, in `log.txt`; what a process needs to find it, and the GPU that it then has. */
export async function buildDriver(folder: string, programs: readonly Program[], capability: string): Promise<Readonly<Record<string, string>>> {
  await run('c++', ['-std=c++17', '-shared', '-fPIC', packagePath('test', 'embed', 'support', 'fake-driver.cpp'), '-o', 'libcuda.so.1'], folder);
  await writeFile(path.join(folder, 'kernels.txt'), kernelLines(programs));
  return { LD_LIBRARY_PATH: folder, FAKE_CUDA_LOG: path.join(folder, 'log.txt'), FAKE_CUDA_KERNELS: path.join(folder, 'kernels.txt'), FAKE_CUDA_CAPABILITY: capability };
}

function kernelLines(programs: readonly Program[]): string {
  const kinds = ({ uniforms }: Program, { type }: Parameter): string => ({ pointer: 'p', i32: 'i', f32: 'f', tensorMap: 't', uniforms: `u${4 * Math.max(1, uniforms.length)}.` })[type];
  return programs.flatMap((program) => program.plan.kernels.map(({ name, parameters }) => `${name} ${parameters.map((parameter) => kinds(program, parameter)).join('')}\n`)).join('');
}
