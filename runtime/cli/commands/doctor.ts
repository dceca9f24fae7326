import { Command } from 'commander';
import { formatBytes } from '../../../codegen/plan/print.js';
import { cpuTargetFor } from '../../../codegen/targets/cpu/index.js';
import { ArtifactCache, HostCompiler } from '../../artifact/index.js';
import { detect, type Finding, type Machine } from '../../device/detect.js';
import { findPython, type PythonFacts } from '../../bench/find-python.js';
import { diagnosticsOf } from '../failure.js';
import { jsonOption } from '../options.js';
import { facts } from '../report.js';
import type { Terminal } from '../terminal.js';

interface DoctorFlags {
  readonly json?: true;
}

/** Everything that infinitile uses, found or missing. */
interface Findings extends Machine {
  readonly compiler: Finding<{ readonly command: string; readonly version: string }>;
  readonly cache: Finding<{ readonly directory: string; readonly entries: number; readonly bytes: number }>;
  readonly python: Finding<PythonFacts>;
}

export function doctorCommand(terminal: Terminal): Command {
  return new Command('doctor')
    .summary('show what was found on this machine, and what is missing')
    .description('Show what was found on this machine, where, in which version; what is missing and how to get it.')
    .addOption(jsonOption())
    .action(async ({ json }: DoctorFlags) => {
      const findings = await examine();
      terminal.out(json === true ? `${JSON.stringify(jsonOf(findings))}\n` : printFindings(findings));
    });
}

async function examine(): Promise<Findings> {
  const machine = await detect();
  return { ...machine, compiler: await look(findCompiler(machine)), cache: await look(findCache()), python: await findPython() };
}

async function findCompiler({ cpu }: Machine): Promise<{ readonly command: string; readonly version: string }> {
  const { directory } = new ArtifactCache();
  const compiler = await HostCompiler.open({ compilerOptions: cpuTargetFor(cpu.features)?.compilerOptions ?? [], cacheDirectory: directory });
  return { command: compiler.command.join(' '), version: compiler.version };
}

async function findCache(): Promise<{ readonly directory: string; readonly entries: number; readonly bytes: number }> {
  const cache = new ArtifactCache();
  const entries = await cache.list();
  return { directory: cache.directory, entries: entries.length, bytes: entries.reduce((sum, { bytes }) => sum + bytes, 0) };
}

async function look<T>(finding: Promise<T>): Promise<Finding<T>> {
  try {
    return { found: true, value: await finding };
  } catch (error) {
    const [diagnostic] = diagnosticsOf(error) ?? [];
    if (diagnostic === undefined) throw error;
    return { found: false, reason: diagnostic.message, remedy: diagnostic.hint ?? '' };
  }
}

function printFindings(findings: Findings): string {
  const { system, node, cpu, addon, compiler, cuda, nvrtc, cache, python } = findings;
  const target = cpuTargetFor(cpu.features)?.name;
  const features = [cpu.level ?? 'features unknown', ...cpu.extras].join(', ');
  return facts([
    ['system', `${system}, Node ${node}`],
    ['cpu', `${cpu.model}, ${cpu.cores} ${cpu.cores === 1 ? 'core' : 'cores'}, ${formatBytes(cpu.memoryBytes)}, ${features}`],
    ['cpu target', target ?? 'none: this CPU has too few vector instructions'],
    ['compiler', tell(compiler, ({ command, version }) => `${version} (${command})`)],
    ['addon', tell(addon, ({ version }) => version)],
    ['cuda', tell(cuda, ({ path, driverVersion, devices }) => `driver ${cudaVersion(driverVersion)} (${path}); ${devices.map(gpu).join('; ')}`)],
    ['nvrtc', tell(nvrtc, ({ major, minor, path }) => `${major}.${minor} (${path})`)],
    ['cache', tell(cache, ({ directory, entries, bytes }) => `${directory}, ${entries} ${entries === 1 ? 'entry' : 'entries'}, ${formatBytes(bytes)}`)],
    ['pytorch', `${tell(python, ({ torch, program }) => `${torch} (${program})`)}${python.found ? '' : '\nonly bench --against torch uses it'}`],
  ].map(([name, value]) => [name ?? '', hang(value ?? '')] as const));
}

/** Further lines stand under the first. */
function hang(value: string): string {
  return value.split('\n').join(`\n${' '.repeat(12)}`);
}

function tell<T>(finding: Finding<T>, print: (value: T) => string): string {
  if (finding.found) return print(finding.value);
  return finding.remedy === '' ? `missing: ${finding.reason}` : `missing: ${finding.reason}\n${finding.remedy}`;
}

function gpu({ ordinal, name, computeMajor, computeMinor, totalBytes }: { ordinal: number; name: string; computeMajor: number; computeMinor: number; totalBytes: number }): string {
  return `${ordinal}: ${name}, compute ${computeMajor}.${computeMinor}, ${formatBytes(totalBytes)}`;
}

/** 13000 is 13.0. */
function cudaVersion(version: number): string {
  return `${Math.floor(version / 1000)}.${Math.floor((version % 1000) / 10)}`;
}

function jsonOf({ system, node, cpu, ...rest }: Findings): object {
  const flat = <T extends object>(finding: Finding<T>): object => (finding.found ? { found: true, ...finding.value } : finding);
  const { addon, compiler, cuda, nvrtc, cache, python } = rest;
  return {
    system,
    node,
    cpu: { model: cpu.model, cores: cpu.cores, memoryBytes: cpu.memoryBytes, level: cpu.level ?? null, extras: cpu.extras, target: cpuTargetFor(cpu.features)?.name ?? null },
    compiler: flat(compiler),
    addon: flat(addon),
    cuda: flat(cuda),
    nvrtc: flat(nvrtc),
    cache: flat(cache),
    python: flat(python),
  };
}
