import { cpuTargetFor } from '../../codegen/targets/cpu/index.js';
import { targets } from '../../codegen/targets/index.js';
import type { Target } from '../../codegen/targets/target.js';
import { InfinitileError } from '../../dsl/diagnostics/index.js';
import type { CudaDeviceInfo } from '../addon.js';
import { printCapability, runsOn } from './capability.js';
import { cpuFeatures } from './cpu.js';

/** Which target is meant, and whether what is here runs it. */

/** Whether a name means a target for GPUs, for the CPU, or nothing: then it is refused. */
export function deviceOf(name: string, known: readonly Target[] = targets): Target['device'] {
  return name === 'cpu' || name === 'cuda' ? name : named(name, known).device;
}

/**
 * `cpu`: the best target that a CPU with these features runs. Otherwise a target by its name.
 *
 * @throws {InfinitileError} when it does not run it.
 */
export function cpuTarget(name: string, features: readonly string[] = cpuFeatures(), known: readonly Target[] = targets): Target {
  if (name === 'cpu') {
    const best = cpuTargetFor(features);
    if (best !== undefined) return best;
    const all = known.filter(({ device }) => device === 'cpu');
    throw refused(`no CPU target runs on this machine (${process.arch})`, `it needs one of: ${all.map(({ summary }) => summary).join('; ')}`);
  }
  const target = named(name, known);
  if (target.requires.every((feature) => features.includes(feature))) return target;
  throw refused(`this CPU does not run ${name}: ${target.summary}`, "take target 'cpu', the best that it runs");
}

/**
 * `cuda`: the last of the targets that the GPU runs. Otherwise a target by its name.
 *
 * @throws {InfinitileError} when it does not run it.
 */
export function cudaTarget(name: string, gpu: Pick<CudaDeviceInfo, 'name' | 'computeMajor' | 'computeMinor'>, known: readonly Target[] = targets): Target {
  const what = `${gpu.name} (compute capability ${gpu.computeMajor}.${gpu.computeMinor})`;
  const runs = known.filter((target) => runsOn(target, gpu));
  if (name === 'cuda') {
    const last = runs.at(-1);
    if (last !== undefined) return last;
    throw refused(`no target runs on ${what}`, `there are ${known.filter(({ device }) => device === 'cuda').map(printNeed).join(', ')}; kernels run on the CPU too (target cpu)`);
  }
  const target = named(name, known);
  if (runs.includes(target)) return target;
  throw refused(`${what} does not run ${printNeed(target)}`, runs.length === 0 ? 'it runs no target; kernels run on the CPU too (target cpu)' : `it runs ${runs.map((other) => other.name).join(', ')}; target cuda takes the last of them`);
}

function printNeed({ name, capability }: Target): string {
  return capability === undefined ? name : `${name} (${printCapability(capability)})`;
}

function named(name: string, known: readonly Target[]): Target {
  const target = known.find((candidate) => candidate.name === name);
  if (target !== undefined) return target;
  throw refused(`there is no target '${name}'`, `there are ${['cpu', 'cuda', ...known.map((candidate) => candidate.name)].join(', ')}`);
}

function refused(message: string, hint: string): InfinitileError {
  return new InfinitileError([{ code: 'INF7001', message, hint }]);
}
