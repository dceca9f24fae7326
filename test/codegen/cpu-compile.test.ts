import { spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import test, { type ExecutionContext } from 'ava';
import { compileProgram } from '../../codegen/compile.js';
import { generatedFiles } from '../../codegen/generate.js';
import { cpuTargets } from '../../codegen/targets/cpu/index.js';
import type { SourceText, Target } from '../../codegen/targets/target.js';
import { automatic, InfinitileError } from '../../runtime/index.js';
import { ArtifactCache, HostCompiler } from '../../runtime/artifact/index.js';
import { skip } from '../support/skips.js';
import { Compilation } from './compilation.js';
import { featureCases } from './feature-losses.js';
import { curvedCase, programCases, titleOf, type ProgramCase } from './losses.js';
import { optionsOnThisMachine, sourceOnThisMachine } from './this-machine.js';

/** Cross compilers, where a target is not for the machine at hand. */
const crossCompilers = ['aarch64-linux-gnu-g++', 'aarch64-linux-gnu-c++'];

const compilation = new Compilation(Math.min(3, availableParallelism()));

const everyCase = [...programCases, curvedCase, ...featureCases];

/** Who compiles what is emitted for a target, and how the text is read there. */
interface Builder {
  readonly compiler: HostCompiler;
  readonly cases: readonly ProgramCase[];
  readonly adapt: (text: string) => string;
}

// Tests are declared in one go.
const builders = new Map(await Promise.all(cpuTargets.map(async (target) => [target, await openBuilder(target)] as const)));

for (const [target, builder] of builders) {
  if (builder === undefined) {
    test(`${target.name} is left out: said above`, (t) => t.pass());
    continue;
  }
  for (const given of builder.cases) {
    test(`${titleOf(given)} compiles for ${target.name}`, (t) => compileAll(t, compileProgram({ ...given, tiling: automatic, target }).files, builder, target));
  }
  const generated = [...generatedFiles()].flatMap(([path, text]) => (path.startsWith(`${target.name}/`) && path.endsWith('.cpp') ? [{ path, text }] : []));
  if (generated.length > 0) test(`generated/${target.name} compiles`, (t) => compileAll(t, generated, builder, target));
}

/** The compiler's options make errors of warnings. */
async function compileAll(t: ExecutionContext, files: readonly SourceText[], { compiler, adapt }: Builder, target: Target): Promise<void> {
  t.true(files.length > 0);
  const compiling = files.map(({ path, text }) => compilation.compile({ path, text: adapt(text) }, compiler, target.name));
  for (const outcome of await Promise.allSettled(compiling)) {
    if (outcome.status === 'rejected') t.fail(outcome.reason instanceof Error ? outcome.reason.message : String(outcome.reason));
  }
}

/** The host's compiler; where the target is for another machine, a cross compiler, or the host's for a CPU of its own. */
async function openBuilder(target: Target): Promise<Builder | undefined> {
  const cacheDirectory = new ArtifactCache().directory;
  const native = target.name.startsWith('x86-64') === (process.arch === 'x64');
  const cross = native ? undefined : crossCompilers.find((name) => spawnSync(name, ['--version']).status === 0);
  try {
    if (native || cross !== undefined) {
      const env = cross === undefined ? process.env : { ...process.env, CXX: cross };
      const compiler = await HostCompiler.open({ compilerOptions: target.compilerOptions, cacheDirectory, env });
      return { compiler, cases: everyCase, adapt: (text) => text };
    }
    if (target.name.startsWith('x86-64')) {
      // x86's vector instructions have a header that only x86 has. No test machine need have a cross compiler: this skip is never forbidden.
      console.log(`${everyCase.length} compilations for ${target.name} left out: this machine is ${process.arch}, and has no cross compiler`);
      return undefined;
    }
    const compiler = await HostCompiler.open({ compilerOptions: optionsOnThisMachine(target), cacheDirectory });
    return { compiler, cases: featureCases, adapt: (text) => sourceOnThisMachine(target, text) };
  } catch (error) {
    if (!(error instanceof InfinitileError)) throw error;
    skip(everyCase.length, `compilations for ${target.name}`, error.message);
    return undefined;
  }
}
