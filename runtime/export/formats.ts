import { libraryNames } from '../../codegen/embed/c/index.js';
import type { Exporter } from './exporter.js';
import { exportLibrary } from './export-library.js';
import { exportHosted } from './npm/hosted.js';
import { exportStandalone } from './npm/standalone.js';
import { exportTorch } from './torch.js';

export interface Format {
  /** For `export --help`. */
  readonly summary: string;
  readonly write: Exporter;
  /** What `--standalone` writes; absent where the format takes no such flag. */
  readonly writeStandalone?: Exporter;
}

/** What `export --format` writes. */
export const formats = {
  c: { summary: 'a C and C++ library', write: async (request, options) => ({ name: libraryNames(request.loss.name).prefix, files: await exportLibrary(request, options) }) },
  torch: { summary: 'a Python package for PyTorch', write: exportTorch },
  npm: { summary: 'an npm package', write: exportHosted, writeStandalone: exportStandalone },
} as const satisfies Readonly<Record<string, Format>>;

export type FormatName = keyof typeof formats;

export const formatNames = Object.keys(formats) as readonly FormatName[];
