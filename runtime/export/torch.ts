import type { LibraryRequest } from '../../codegen/embed/c/index.js';
import { emitTorch, packageNames } from '../../codegen/embed/torch/index.js';
import { exportLibrary } from './export-library.js';
import type { Exported, ExportOptions } from './exporter.js';

/** A loss as a Python project: a package for PyTorch, and in it the C library with its `manifest.json`. */
export async function exportTorch(request: LibraryRequest, options: ExportOptions = {}): Promise<Exported> {
  return { name: packageNames(request.loss.name).prefix, files: emitTorch(request, await exportLibrary(request, options)) };
}
