import { compileTargets, type LibraryRequest } from '../../../codegen/embed/c/index.js';
import { emitStandalone, packageName } from '../../../codegen/embed/npm/index.js';
import { exportLibrary } from '../export-library.js';
import type { Exported, ExportOptions } from '../exporter.js';
import { packageManifest } from './manifest.js';

/** A loss as an npm package that needs no other: the C library, and an addon over it. */
export async function exportStandalone(request: LibraryRequest, options: ExportOptions = {}): Promise<Exported> {
  const compiled = compileTargets(request);
  const files = emitStandalone(request, compiled, await exportLibrary(request, options));
  const needs = { packages: {}, toBuild: ['CMake 3.18', 'C11', 'C++17', 'OpenMP'] };
  return { name: packageName(request.loss.name), files: new Map([...files, ['manifest.json', packageManifest(request, compiled, needs, files)]]) };
}
