import type { LibraryRequest } from '../../codegen/embed/c/index.js';
import { emitPackage } from '../../codegen/embed/torch/index.js';
import { exportLibrary, type ExportOptions } from './export-library.js';

/**
 * The files of a Python project by their path: a package for PyTorch, and in it the C library of the loss.
 *
 * @throws {InfinitileError} for a tiling that a target cannot run, a missing NVRTC, a refused source.
 */
export async function exportPackage(request: LibraryRequest, options: ExportOptions = {}): Promise<ReadonlyMap<string, string>> {
  return emitPackage(request, await exportLibrary(request, options));
}
