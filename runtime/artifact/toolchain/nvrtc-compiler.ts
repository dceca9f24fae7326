import { writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { NativeAddon, NvrtcInfo, NvrtcResult } from '../../addon.js';
import type { CompileReport, CompileRequest, Compiler } from '../compiler.js';
import { CompilationError, nvrtcIncomplete } from './errors.js';
import { fileIdentity } from './find-program.js';
import { openNvrtc } from './find-nvrtc.js';
import { parseKernelReports } from './kernel-report.js';

export interface NvrtcCompilerOptions {
  /** What the cubin is for, such as `sm_90`: a GPU runs cubins of its own major version only. */
  readonly architecture: string;
  /** The target's. */
  readonly compilerOptions: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
}

type Nvrtc = Pick<NativeAddon, 'openNvrtc' | 'compileCuda'>;

/** NVIDIA's run-time compiler: makes cubins. */
export class NvrtcCompiler implements Compiler {
  readonly extension = '.cubin';
  readonly version: string;

  private constructor(
    private readonly nvrtc: Nvrtc,
    readonly info: NvrtcInfo,
    readonly identity: string,
    readonly flags: readonly string[],
  ) {
    this.version = `NVRTC ${info.major}.${info.minor}`;
  }

  static async open(nvrtc: Nvrtc, { architecture, compilerOptions, env = process.env }: NvrtcCompilerOptions): Promise<NvrtcCompiler> {
    const info = await openNvrtc(nvrtc, env);
    // The version does not tell updates of one release apart; the file does.
    const file = await fileIdentity(info.path).catch(() => info.path);
    const others = compilerOptions.filter((option) => !/^(--gpu-architecture|-arch)\b/.test(option));
    const flags = [`--gpu-architecture=${architecture}`, '--std=c++17', '--ptxas-options=-v', ...others];
    return new NvrtcCompiler(nvrtc, info, `NVRTC ${info.major}.${info.minor} (${file})`, flags);
  }

  /** An abort lets go of the compilation at once; NVRTC finishes it in the background, unheard. */
  async compile({ source, directory, output, signal }: CompileRequest): Promise<CompileReport> {
    signal?.throwIfAborted();
    const request = { name: basename(source.path), source: source.text, options: this.flags };
    const { cubin, log } = await untilAborted(this.nvrtc.compileCuda(request).catch((error: unknown) => this.refuse(source, error)), signal);
    if (cubin === null) throw new CompilationError(this.version, source, `${log}\nno device code came out`);
    if (hasWarning(log)) throw new CompilationError(`${this.version}, with warnings as errors,`, source, log);
    await writeFile(join(directory, output), cubin);
    return { log, kernels: parseKernelReports(log) };
  }

  private refuse(source: CompileRequest['source'], error: unknown): never {
    const log = error instanceof Error ? error.message : String(error);
    if (/failed to open libnvrtc-builtins/.test(log)) throw nvrtcIncomplete(this.info.path, log);
    throw new CompilationError(this.version, source, log);
  }
}

/**
 * NVRTC has no option that makes errors of warnings: the log tells. A serialised wgmma counts as one. Spilled registers do
 * not: a long lambda may need them and is right all the same; the report of the kernel counts them.
 */
function hasWarning(log: string): boolean {
  return /^(?:[^\n]*: warning\b|ptxas warning(?! : Registers are spilled)|[^\n]*Potential Performance Loss)/m.test(log);
}

async function untilAborted(work: Promise<NvrtcResult>, signal: AbortSignal | undefined): Promise<NvrtcResult> {
  if (signal === undefined) return work;
  let stop: (() => void) | undefined;
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason instanceof Error ? signal.reason : new Error(String(signal.reason)));
    signal.addEventListener('abort', stop, { once: true });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    if (stop !== undefined) signal.removeEventListener('abort', stop);
  }
}
