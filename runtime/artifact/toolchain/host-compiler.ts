import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { CompileReport, CompileRequest, Compiler } from '../compiler.js';
import { sha256 } from '../key.js';
import { runChild, type ChildResult } from './child.js';
import { readRecord, writeRecord } from './compiler-record.js';
import { CompilationError, compilerDoesNotRun, compilerLacks, noCompiler, wrongCompilerVariable } from './errors.js';
import { fileIdentity, findProgram } from './find-program.js';
import { machineIdentity } from './machine.js';

export interface HostCompilerOptions {
  /** The target's: instruction set, what it says of floating point, and so on. They come after what every shared object needs. */
  readonly compilerOptions: readonly string[];
  /** The cache's directory: what has been found out about a compiler is remembered there. */
  readonly cacheDirectory: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal | undefined;
}

/** What a compiler warns of is kept with what it has made, and stops nobody: a later one may suspect more than those that the kernels were written under. */
const commonFlags = ['-std=c++17', '-O3', '-fPIC', '-shared', '-fopenmp', '-Wall', '-Wextra'];

/** In this order, after $CXX. */
const usualNames = ['c++', 'g++', 'clang++'];

/** The host's C++ compiler: makes shared objects. */
export class HostCompiler implements Compiler {
  readonly extension = '.so';

  private constructor(
    /** The program and what $CXX adds to it. */
    readonly command: readonly string[],
    /** The first line of `--version`. */
    readonly version: string,
    readonly identity: string,
    readonly flags: readonly string[],
    private readonly env: NodeJS.ProcessEnv,
  ) {}

  /**
   * Finds the compiler ($CXX, then c++, g++, clang++) and makes sure, with a trial compilation, that it knows C++17, OpenMP and
   * the flags. What was found out holds until the program changes: it is kept in the process and in the cache directory.
   */
  static async open(options: HostCompilerOptions): Promise<HostCompiler> {
    const env = options.env ?? process.env;
    const command = await findCommand(env);
    const flags = [...new Set([...commonFlags, ...options.compilerOptions])];
    const machine = flags.some((flag) => /^-m\w+=native$/.test(flag)) ? `, on ${await machineIdentity()}` : '';
    const version = await probed(command, flags, machine, options);
    const identity = [version, ...command.slice(1)].join(' ') + machine;
    return new HostCompiler(command, version, identity, flags, compilerEnvironment(env));
  }

  async compile({ source, directory, output, signal }: CompileRequest): Promise<CompileReport> {
    const [program = '', ...words] = this.command;
    const args = [...words, ...this.flags, '-o', output, basename(source.path)];
    const { code, log } = await runChild(program, args, { cwd: directory, env: { ...this.env, TMPDIR: directory }, signal });
    if (code !== 0) throw new CompilationError(this.version, source, code === null ? `${log}\nthe compiler was ended by a signal` : log);
    return { log, kernels: [] };
  }
}

async function findCommand(env: NodeJS.ProcessEnv): Promise<readonly string[]> {
  const chosen = env['CXX']?.trim() ?? '';
  if (chosen !== '') {
    const [name = '', ...words] = chosen.split(/\s+/);
    const program = await findProgram(name, env);
    if (program === undefined) throw wrongCompilerVariable(chosen);
    return [program, ...words];
  }
  for (const name of usualNames) {
    const program = await findProgram(name, env);
    if (program !== undefined) return [program];
  }
  throw noCompiler(usualNames);
}

const probes = new Map<string, Promise<string>>();

/** The version of a compiler that has passed the trial. */
async function probed(
  command: readonly string[],
  flags: readonly string[],
  machine: string,
  { cacheDirectory, env = process.env, signal }: HostCompilerOptions,
): Promise<string> {
  const files = command.map(async (word) => {
    const path = await findProgram(word, env);
    return path === undefined ? word : fileIdentity(path);
  });
  const key = sha256(JSON.stringify([await Promise.all(files), flags, machine, trialSource]));
  const known = probes.get(key);
  if (known !== undefined) return known;
  const version = await readRecord(cacheDirectory, key);
  if (version !== undefined) {
    probes.set(key, Promise.resolve(version));
    return version;
  }
  const found = await probe(command, flags, compilerEnvironment(env), signal);
  probes.set(key, Promise.resolve(found));
  await writeRecord(cacheDirectory, key, { command: [...command], flags: [...flags], version: found });
  return found;
}

async function probe(
  command: readonly string[],
  flags: readonly string[],
  env: NodeJS.ProcessEnv,
  signal: AbortSignal | undefined,
): Promise<string> {
  const [program = '', ...words] = command;
  const run = async (args: readonly string[], cwd?: string): Promise<ChildResult> => {
    try {
      return await runChild(program, [...words, ...args], { env, signal, ...(cwd === undefined ? {} : { cwd }) });
    } catch (error) {
      signal?.throwIfAborted();
      throw compilerDoesNotRun(command.join(' '), error instanceof Error ? error.message : String(error));
    }
  };
  const told = await run(['--version']);
  const version = told.log.split('\n')[0]?.trim() ?? '';
  if (told.code !== 0 || version === '') throw compilerDoesNotRun(command.join(' '), told.log);
  const machine = await run(['-dumpmachine']);
  const full = machine.code === 0 ? `${version}, ${machine.log.trim()}` : version;
  const directory = await mkdtemp(join(tmpdir(), 'infinitile-'));
  try {
    await writeFile(join(directory, 'trial.cpp'), trialSource);
    const trial = (chosen: readonly string[]) => run([...chosen, '-o', 'trial.so', 'trial.cpp'], directory);
    const { code, log } = await trial(flags);
    if (code !== 0) throw await explainTrial(full, flags, log, trial);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
  return full;
}

const clangOpenMp = 'install it (apt install libomp-dev, brew install libomp), or set CXX to g++';
const gccOpenMp = 'install libgomp (it comes with g++), or set CXX to another compiler';

/** Leaves out one thing after another to tell which one is at fault. */
async function explainTrial(
  version: string,
  flags: readonly string[],
  log: string,
  trial: (flags: readonly string[]) => Promise<ChildResult>,
): Promise<Error> {
  const passes = async (chosen: readonly string[]) => (await trial(chosen)).code === 0;
  const machine = flags.filter((flag) => flag.startsWith('-m'));
  if (machine.length > 0 && (await passes(flags.filter((flag) => !flag.startsWith('-m'))))) {
    return compilerLacks(version, `does not take ${machine.join(' ')}`, log, 'install a newer compiler, set CXX to one, or choose another target');
  }
  if (await passes([...flags.filter((flag) => flag !== '-fopenmp'), '-DINFINITILE_NO_OPENMP', '-Wno-unknown-pragmas'])) {
    return compilerLacks(version, 'has no OpenMP', log, /clang/i.test(version) ? clangOpenMp : gccOpenMp);
  }
  const hint = 'install a C++17 compiler (g++ 9 or newer, clang++ 10 or newer), or set CXX to one';
  return compilerLacks(version, 'does not compile a small C++17 program', log, hint);
}

/** Messages in English whatever the locale: logs are kept and compared. */
function compilerEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return { ...env, LC_ALL: 'C' };
}

const trialSource = `#if __cplusplus < 201703L
#error "C++17 is needed"
#endif
#ifndef INFINITILE_NO_OPENMP
#include <omp.h>
#endif
#include <cstdint>

template <typename T>
inline constexpr bool is_wide = sizeof(T) > 4;

extern "C" std::int64_t infinitile_trial(int count) {
  std::int64_t sum = 0;
#pragma omp parallel for reduction(+ : sum)
  for (int i = 0; i < count; ++i) {
    if constexpr (is_wide<std::int64_t>) sum += i;
  }
#ifndef INFINITILE_NO_OPENMP
  sum += omp_get_max_threads();
#endif
  return sum;
}
`;
