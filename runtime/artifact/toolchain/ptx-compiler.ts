import { writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { NativeAddon } from '../../addon.js';
import type { CompileReport, CompileRequest, Compiler } from '../compiler.js';
import { CompilationError } from './errors.js';
import { NvrtcCompiler, type NvrtcCompilerOptions } from './nvrtc-compiler.js';

/** NVRTC once more: makes PTX, which a driver compiles for GPUs that are newer than the cubins. */
export class PtxCompiler implements Compiler {
  readonly extension = '.ptx';
  readonly identity: string;

  private constructor(
    private readonly nvrtc: Pick<NativeAddon, 'compileCuda'>,
    private readonly version: string,
    identity: string,
    readonly flags: readonly string[],
  ) {
    this.identity = identity;
  }

  /** `architecture`: a GPU's, such as `sm_80`. */
  static async open(nvrtc: Pick<NativeAddon, 'openNvrtc' | 'compileCuda'>, options: NvrtcCompilerOptions): Promise<PtxCompiler> {
    const { version, identity, flags } = await NvrtcCompiler.open(nvrtc, options);
    const own = flags.filter((flag) => !flag.startsWith('--ptxas-options')).map((flag) => flag.replace(/^(--gpu-architecture=)sm_/, '$1compute_'));
    return new PtxCompiler(nvrtc, version, identity, own);
  }

  async compile({ source, directory, output, signal }: CompileRequest): Promise<CompileReport> {
    signal?.throwIfAborted();
    const { ptx, log } = await this.nvrtc.compileCuda({ name: basename(source.path), source: source.text, options: this.flags }).catch((error: unknown) => {
      throw new CompilationError(this.version, source, error instanceof Error ? error.message : String(error));
    });
    if (ptx === null) throw new CompilationError(this.version, source, `${log}\nno PTX came out`);
    await writeFile(join(directory, output), ptx);
    return { log, kernels: [] };
  }
}
