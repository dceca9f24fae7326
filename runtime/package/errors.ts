import type { PackageDefinition } from '../../codegen/embed/npm/definition.js';
import { InfinitileError } from '../../dsl/diagnostics/index.js';

export function otherVersion({ name, infinitile }: Pick<PackageDefinition, 'name' | 'infinitile'>, here: string): InfinitileError {
  return new InfinitileError({
    code: 'INF5006',
    message: `the kernels in ${name} are those of infinitile ${infinitile}, and this is infinitile ${here}`,
    hint: `install infinitile@${infinitile}, or export the package anew`,
  });
}

/** The version is the same and the sources are not. */
export function otherKernels(name: string, file: string): InfinitileError {
  return new InfinitileError({
    code: 'INF5006',
    message: `${name} has no kernels of '${file}' as this infinitile writes it`,
    hint: 'export the package anew, with the infinitile that it runs with',
  });
}

export function damagedPackage(path: string, problem: string): InfinitileError {
  return new InfinitileError({ code: 'INF5006', message: `'${path}' is not what was exported: ${problem}`, hint: 'install the package again' });
}

export function noTargetHere(name: string, device: string, targets: readonly string[]): InfinitileError {
  const needed = targets.length === 0 ? 'it was exported without a target for it' : `it was exported for ${targets.join(', ')}`;
  return new InfinitileError({ code: 'INF7001', message: `${name} has no kernels that run on ${device}`, hint: `${needed}: export it for a target that runs here` });
}

export function wrongOption(message: string, hint: string): InfinitileError {
  return new InfinitileError({ code: 'INF4013', message, hint });
}

export function wrongInput(message: string, hint: string): InfinitileError {
  return new InfinitileError({ code: 'INF4004', message, hint });
}

export function closedKernel(): InfinitileError {
  return new InfinitileError({ code: 'INF7003', message: 'the kernel is closed', hint: 'open another' });
}
