import { readFileSync } from 'node:fs';
import { arch, availableParallelism, cpus, totalmem } from 'node:os';

export interface Cpu {
  readonly model: string;
  /** Cores this process may use. */
  readonly cores: number;
  readonly memoryBytes: number;
  /** The highest level of the x86-64 psABI that it has in full, `armv8`, or undefined where the system does not tell. */
  readonly level: CpuLevel | undefined;
  /** Instructions beyond the level that kernels can use. */
  readonly extras: readonly string[];
  /** Everything it says it has, in the words of Linux's `/proc/cpuinfo`; empty where the system does not tell. */
  readonly features: readonly string[];
}

export type CpuLevel = 'x86-64' | 'x86-64-v2' | 'x86-64-v3' | 'x86-64-v4' | 'armv8';

/** What each level adds to the one before it. */
const x86Levels: readonly (readonly [CpuLevel, readonly string[]])[] = [
  ['x86-64-v2', ['cx16', 'lahf_lm', 'popcnt', 'sse4_1', 'sse4_2', 'ssse3']],
  ['x86-64-v3', ['abm', 'avx', 'avx2', 'bmi1', 'bmi2', 'f16c', 'fma', 'movbe']],
  ['x86-64-v4', ['avx512f', 'avx512bw', 'avx512cd', 'avx512dq', 'avx512vl']],
];

const extraFeatures = ['avx512_bf16', 'avx512_fp16', 'avx512_vnni', 'amx_bf16', 'amx_tile', 'bf16', 'sve', 'sve2'];

export function detectCpu(): Cpu {
  const features = cpuFeatures();
  return {
    model: cpus()[0]?.model.trim() ?? 'unknown CPU',
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    level: cpuLevel(arch(), features),
    extras: extraFeatures.filter((feature) => features.includes(feature)),
    features,
  };
}

/** Empty where the system does not tell; every 64-bit Arm CPU has `asimd`. */
export function cpuFeatures(): readonly string[] {
  const listed = parseFeatures(readCpuInfo());
  return listed.length === 0 && arch() === 'arm64' ? ['asimd'] : listed;
}

/** The features of the first processor that the text of `/proc/cpuinfo` lists. */
export function parseFeatures(cpuInfo: string): readonly string[] {
  const line = /^(?:flags|Features)\s*:[ \t]*(.*)$/m.exec(cpuInfo)?.[1] ?? '';
  return line.split(/\s+/).filter((feature) => feature !== '');
}

export function cpuLevel(architecture: string, features: readonly string[]): CpuLevel | undefined {
  if (features.length === 0) return undefined;
  if (architecture === 'arm64') return 'armv8';
  if (architecture !== 'x64') return undefined;
  let level: CpuLevel = 'x86-64';
  for (const [next, needed] of x86Levels) {
    if (!needed.every((feature) => features.includes(feature))) break;
    level = next;
  }
  return level;
}

function readCpuInfo(): string {
  try {
    return readFileSync('/proc/cpuinfo', 'utf8');
  } catch {
    return '';
  }
}
