import type { Processor, Target } from '../../targets/target.js';
import type { cpuTarget } from './target-context.js';

type CpuTarget = ReturnType<typeof cpuTarget>;

/** CPU targets by the family that CMake tells: what it may call it. */
export function byProcessor(targets: readonly CpuTarget[]): readonly { readonly pattern: string; readonly cpuTargets: readonly CpuTarget[] }[] {
  const processors = [...new Set(targets.map(({ processor }) => processor))];
  return processors.map((processor) => ({ pattern: cmakeNames[processor], cpuTargets: targets.filter((one) => one.processor === processor) }));
}

const cmakeNames: Readonly<Record<Processor, string>> = { x86_64: '^(x86_64|AMD64|amd64)$', aarch64: '^(aarch64|arm64)$' };

/** What builds the library without CMake, by the compilers of the machine that it is for. */
export function buildCommands(prefix: string, targets: readonly Target[]): readonly string[] {
  const cpu = targets.filter(({ device }) => device === 'cpu');
  const openMp = cpu.length > 0 ? ' -fopenmp' : '';
  const images = cpu.length < targets.length ? ' kernels/*.c' : '';
  const objects = cpu.length > 0 ? ' *.o' : '';
  return [
    ...cpu.map(({ name, compilerOptions }) => `c++ -std=c++17 -O3 -fno-exceptions -fPIC -fopenmp ${compilerOptions.join(' ')} -c kernels/*.${name}.cpp`),
    `cc -std=c11 -O2 -ffp-contract=off -fPIC -shared${openMp} -fvisibility=hidden -Iinclude src/${prefix}.c${images}${objects} -lm -ldl -o lib${prefix}.so`,
  ];
}
