import type { SourceText } from '../../codegen/targets/target.js';
import type { KernelReport } from './manifest.js';

/** Makes an artifact of one source file: the host's C++ compiler, or NVRTC. */
export interface Compiler {
  /** Compiler, version and, where its flags speak of the machine at hand, that machine. Part of the key. */
  readonly identity: string;
  /** Options in the order they are given, without the names of files. Part of the key. */
  readonly flags: readonly string[];
  /** How the artifact's name ends: `.so`, `.cubin`. */
  readonly extension: string;
  /** Rejects with a {@link CompilationError} that carries the whole log, or with the signal's reason. */
  compile(request: CompileRequest): Promise<CompileReport>;
}

export interface CompileRequest {
  readonly source: SourceText;
  /** A directory of the caller's that holds the source under the last part of its path, for anything the compiler leaves. */
  readonly directory: string;
  /** The name, in that directory, of the artifact to write. */
  readonly output: string;
  readonly signal?: AbortSignal | undefined;
}

export interface CompileReport {
  /** All that the compiler said. */
  readonly log: string;
  /** What a GPU's assembler says of each kernel; empty on a host. */
  readonly kernels: readonly KernelReport[];
}
