import { spawnSync } from 'node:child_process';
import { arch, availableParallelism } from 'node:os';
import test, { type ExecutionContext } from 'ava';
import { compileProgram } from '../../codegen/compile.js';
import { generatedFiles } from '../../codegen/generate.js';
import { cpuTargets } from '../../codegen/targets/cpu/index.js';
import type { SourceText, Target } from '../../codegen/targets/target.js';
import { automatic, InfinitileError } from '../../runtime/index.js';
import { ArtifactCache, HostCompiler } from '../../runtime/artifact/index.js';
import { skip } from '../support/skips.js';
import { Compilation } from './compilation.js';
import { curvedCase, programCases, titleOf } from './losses.js';

/** Cross compilers, where a target is not for the machine at hand. */
const crossCompilers = ['aarch64-linux-gnu-g++', 'aarch64-linux-gnu-c++'];

const compilation = new Compilation(Math.min(3, availableParallelism()));
const cases = [...programCases, curvedCase];

// Tests are declared in one go.
const compilers = new Map(await Promise.all(cpuTargets.map(async (target) => [target, await openCompiler(target)] as const)));

for (const [target, compiler] of compilers) {
  if (compiler === undefined) {
    test(`${target.name} is left out: said above`, (t) => t.pass());
    continue;
  }
  for (const given of cases) {
    test(`${titleOf(given)} compiles for ${target.name}`, (t) => compileAll(t, compileProgram({ ...given, tiling: automatic, target }).files, compiler, target));
  }
  const generated = [...generatedFiles()].flatMap(([path, text]) => (path.startsWith(`${target.name}/`) && path.endsWith('.cpp') ? [{ path, text }] : []));
  if (generated.length > 0) test(`generated/${target.name} compiles`, (t) => compileAll(t, generated, compiler, target));
}

/** The compiler's options make errors of warnings. */
async function compileAll(t: ExecutionContext, files: readonly SourceText[], compiler: HostCompiler, target: Target): Promise<void> {
  t.true(files.length > 0);
  for (const outcome of await Promise.allSettled(files.map((file) => compilation.compile(file, compiler, target.name)))) {
    if (outcome.status === 'rejected') t.fail(outcome.reason instanceof Error ? outcome.reason.message : String(outcome.reason));
  }
}

/** The host's compiler, or a cross compiler where the target is for another machine. */
async function openCompiler(target: Target): Promise<HostCompiler | undefined> {
  const native = target.name.startsWith('x86-64') === (arch() === 'x64');
  const cross = native ? undefined : crossCompilers.find((name) => spawnSync(name, ['--version']).status === 0);
  if (!native && cross === undefined) {
    // No test machine need have one: this skip is never forbidden.
    console.log(`${cases.length} compilations for ${target.name} left out: this machine is ${arch()}, and has no cross compiler`);
    return undefined;
  }
  const env = cross === undefined ? process.env : { ...process.env, CXX: cross };
  try {
    return await HostCompiler.open({ compilerOptions: target.compilerOptions, cacheDirectory: new ArtifactCache().directory, env });
  } catch (error) {
    if (!(error instanceof InfinitileError)) throw error;
    skip(cases.length, `compilations for ${target.name}`, error.message);
    return undefined;
  }
}
