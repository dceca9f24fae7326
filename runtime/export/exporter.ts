import type { LibraryRequest } from '../../codegen/embed/c/index.js';

export interface ExportOptions {
  readonly signal?: AbortSignal;
  /** Files compiled or found in the cache, and in all. */
  readonly onBuild?: (done: number, total: number) => void;
}

/** What is written into the folder of an export. */
export interface Exported {
  /** Of the library or package. */
  readonly name: string;
  /** By their path. */
  readonly files: ReadonlyMap<string, string | Uint8Array>;
}

/** @throws {InfinitileError} for a tiling that a target cannot run, a missing compiler, a refused source. */
export type Exporter = (request: LibraryRequest, options: ExportOptions) => Promise<Exported>;
