import type { Target } from '../target.js';
import { demand } from './demand.js';
import { describe } from './describe.js';
import { cpuDialects } from './dialect.js';
import { emit } from './emit.js';
import { knobs } from './knobs.js';
import { cpuMachines, type CpuMachine } from './machines.js';
import { cpuModel } from './model.js';
import { resolve } from './resolve.js';

/** Products and sums fuse; NaN, infinities and the order of sums stay as written. */
const commonOptions = ['-ffp-contract=fast', '-fno-math-errno', '-fno-trapping-math'];

/** The CPU targets, the most capable first. */
export const cpuTargets: readonly Target[] = cpuMachines.map(targetOf);

/** The target for a CPU with these features, named as in Linux's `/proc/cpuinfo`; undefined when there is none. */
export function cpuTargetFor(features: readonly string[]): Target | undefined {
  const machine = cpuMachines.find((candidate) => candidate.features.every((feature) => features.includes(feature)));
  return cpuTargets.find(({ name }) => name === machine?.name);
}

function targetOf(machine: CpuMachine): Target {
  return {
    name: machine.name,
    device: 'cpu',
    summary: machine.summary,
    requires: machine.features,
    processor: machine.processor,
    precisions: ['f32', 'bf16', 'f16'],
    dialects: cpuDialects,
    defaultWorkspace: 256 * 1024 * 1024,
    compilerOptions: [...commonOptions, ...machine.options],
    resolve: (problem, tiling) => resolve(machine, problem, tiling),
    knobs: (problem, tiling, run) => knobs(machine, problem, tiling, run),
    describe: (problem, tiling) => describe(machine, problem, tiling),
    machine: (asked) => cpuModel(machine, asked),
    demand: (plan, launches, model) => demand(machine, plan, launches, model),
    emit: (problem, tiling, epilogue) => emit(machine, problem, tiling, epilogue),
  };
}
