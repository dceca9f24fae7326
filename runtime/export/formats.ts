import type { LibraryRequest } from '../../codegen/embed/c/index.js';
import { exportLibrary, type ExportOptions } from './export-library.js';
import { exportPackage } from './export-package.js';

/** What a loss can be exported as. */
export interface Format {
  readonly what: string;
  readonly export: (request: LibraryRequest, options: ExportOptions) => Promise<ReadonlyMap<string, string>>;
}

export const formats = {
  c: { what: 'a C and C++ library', export: exportLibrary },
  torch: { what: 'a Python package for PyTorch', export: exportPackage },
} as const satisfies Readonly<Record<string, Format>>;

export type FormatName = keyof typeof formats;
