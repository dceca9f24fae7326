import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { compileTargets, emitLibrary, type Images, type LibraryRequest, type TargetPrograms } from '../../../codegen/embed/c/index.js';
import { exportLibrary } from '../../../runtime/export/export-library.js';
import { here, requestOf, type ExportedCase } from './exported-case.js';
import { writeAll } from './folder.js';
import { run } from './run.js';

/** `marked`: with images that only say what they are, for libraries whose kernels do not run. */
export async function writeLibrary(folder: string, one: ExportedCase, targets: readonly string[] = [here.name], marked = false): Promise<void> {
  const request = requestOf(one, targets);
  await writeAll(folder, marked ? markedLibrary(request) : await exportLibrary(request));
}

/** The files of a library with images that only say what they are. */
export function markedLibrary(request: LibraryRequest, compiled = compileTargets(request)): ReadonlyMap<string, string> {
  return emitLibrary(request, compiled, markedImages(compiled));
}

/** Runs the lines that the README gives for builds without CMake, warnings as errors. */
export async function buildByReadme(library: string): Promise<void> {
  const readme = await readFile(path.join(library, 'README.md'), 'utf8');
  const block = /Without it[^\n]*:\n\n```sh\n([^`]*)```/.exec(readme)?.[1] ?? '';
  for (const line of block.trimEnd().split('\n')) await run('sh', ['-c', line.replace(/^(cc|c\+\+) /, '$1 -Wall -Wextra -Werror ')], library);
}

/** Images that say what they are. */
function markedImages(compiled: readonly TargetPrograms[]): Images {
  const text = (word: string): Uint8Array => new TextEncoder().encode(word);
  return new Map(compiled.map(({ target, kernels }) => [target, new Map(kernels.files.map(({ name }) => [name, { cubin: text(`cubin ${target.name}`), ...(target.name === 'sm_80' ? { ptx: text(`ptx ${target.name}`) } : {}) }]))]));
}
