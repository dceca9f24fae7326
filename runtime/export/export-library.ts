import { compileTargets, emitLibrary, type LibraryRequest } from '../../codegen/embed/c/index.js';
import type { ExportOptions } from './exporter.js';
import { compileImages } from './images.js';
import { libraryManifest } from './manifest.js';

/**
 * The files of a loss as a C library, by their path, `manifest.json` among them.
 *
 * @throws {InfinitileError} for a tiling that a target cannot run, a missing NVRTC, a refused source.
 */
export async function exportLibrary(request: LibraryRequest, options: ExportOptions = {}): Promise<ReadonlyMap<string, string>> {
  const compiled = compileTargets(request);
  const images = await compileImages(compiled, { loss: request.loss.name, ...options });
  const files = emitLibrary(request, compiled, images);
  return new Map([...files, ['manifest.json', libraryManifest(request, compiled, files)]]);
}
