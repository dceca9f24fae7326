import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { SourceText, Target } from '../../../codegen/targets/target.js';
import { InfinitileError } from '../../../dsl/diagnostics/index.js';
import { loadAddon } from '../../addon.js';
import { CompilationError, NvrtcCompiler } from '../../artifact/index.js';
import { runChild } from '../../artifact/toolchain/child.js';
import { findProgram } from '../../artifact/toolchain/find-program.js';
import { openNvrtc } from '../../artifact/toolchain/find-nvrtc.js';
import { leastArchitecture } from '../../device/capability.js';

/** NVRTC's virtual assembly of CUDA sources. No GPU is needed. */
export async function ptxOf(target: Target, files: readonly SourceText[]): Promise<readonly SourceText[]> {
  requireCuda(target, 'ptx');
  const addon = loadAddon();
  const { major, minor } = await openNvrtc(addon, process.env);
  const options = [`--gpu-architecture=${leastArchitecture(target).replace('sm_', 'compute_')}`, '--std=c++17', ...withoutArchitecture(target.compilerOptions)];
  const made: SourceText[] = [];
  for (const file of files) {
    const { ptx, log } = await addon.compileCuda({ name: file.path, source: file.text, options }).catch((error: unknown) => {
      throw new CompilationError(`NVRTC ${major}.${minor}`, file, error instanceof Error ? error.message : String(error));
    });
    if (ptx === null) throw new CompilationError(`NVRTC ${major}.${minor}`, file, `${log}\nno PTX came out`);
    made.push({ path: file.path.replace(/\.cu$/, '.ptx'), text: ptx });
  }
  return made;
}

/** The machine code of CUDA sources, through a disassembler of the CUDA toolkit. */
export async function sassOf(target: Target, files: readonly SourceText[], signal: AbortSignal): Promise<readonly SourceText[]> {
  requireCuda(target, 'sass');
  const disassemble = await findDisassembler(process.env);
  const compiler = await NvrtcCompiler.open(loadAddon(), { architecture: leastArchitecture(target), compilerOptions: target.compilerOptions });
  const directory = await mkdtemp(path.join(tmpdir(), 'infinitile-'));
  try {
    const made: SourceText[] = [];
    for (const [i, source] of files.entries()) {
      const output = `${i}.cubin`;
      await writeFile(path.join(directory, path.basename(source.path)), source.text);
      await compiler.compile({ source, directory, output, signal });
      made.push({ path: source.path.replace(/\.cu$/, '.sass'), text: await disassemble(path.join(directory, output), signal) });
    }
    return made;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

type Disassembler = (cubin: string, signal: AbortSignal) => Promise<string>;

/** On PATH, or in a CUDA toolkit: that of the environment, or where toolkits usually are. */
export async function findDisassembler(env: NodeJS.ProcessEnv, usual: readonly string[] = ['/usr/local/cuda']): Promise<Disassembler> {
  const folders = [env['CUDA_HOME'], env['CUDA_PATH'], ...usual].flatMap((root) => (root === undefined || root === '' ? [] : [path.join(root, 'bin')]));
  for (const [name, ...args] of [['nvdisasm', '--print-code'], ['cuobjdump', '--dump-sass']] as const) {
    for (const candidate of [name, ...folders.map((folder) => path.join(folder, name))]) {
      const program = await findProgram(candidate, env);
      if (program !== undefined) return (cubin, signal) => disassembled(program, [...args, cubin], signal);
    }
  }
  throw new InfinitileError({
    code: 'INF8005',
    message: 'no disassembler was found: neither nvdisasm nor cuobjdump is on PATH, in $CUDA_HOME/bin or in /usr/local/cuda/bin',
    hint: 'install the CUDA toolkit, or its tools alone (Debian, Ubuntu: apt install nvidia-cuda-toolkit; conda install -c nvidia cuda-nvdisasm); --emit ptx needs neither',
  });
}

async function disassembled(program: string, args: readonly string[], signal: AbortSignal): Promise<string> {
  const { code, log } = await runChild(program, args, { signal });
  if (code === 0) return log;
  throw new InfinitileError({ code: 'INF8005', message: `${program} failed`, frame: log.trimEnd(), hint: 'it may be older than the NVRTC that compiled the kernel' });
}

function requireCuda(target: Target, what: string): void {
  if (target.device === 'cuda') return;
  throw new InfinitileError({ code: 'INF8004', message: `--emit ${what} is for CUDA targets; ${target.name} is for the CPU`, hint: '--target sm_80; --emit source shows the C++' });
}

function withoutArchitecture(options: readonly string[]): readonly string[] {
  return options.filter((option) => !/^(--gpu-architecture|-arch)\b/.test(option));
}
