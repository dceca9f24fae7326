import { access, constants, stat } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { markPlace, parseFrame } from '../../dsl/diagnostics/call-site.js';
import { InfinitileError } from '../../dsl/diagnostics/index.js';
import { installDefinitionHooks } from './definition-hooks.js';
import { diagnosticsOf } from './failure.js';

/** The absolute path of a file that may declare losses and tilings. */
export async function findDefinitionFile(file: string, usage: () => Promise<string>): Promise<string> {
  const absolute = path.resolve(file);
  if (!/\.[cm]?[jt]sx?$/.test(file)) throw new InfinitileError({ code: 'INF8002', message: `'${file}' is no TypeScript or JavaScript file`, hint: await usage() });
  const found = await stat(absolute).catch(() => undefined);
  if (found?.isFile() !== true) throw new InfinitileError({ code: 'INF8002', message: `there is no file '${file}'`, hint: `looked for ${absolute}` });
  await access(absolute, constants.R_OK).catch((error: unknown) => {
    throw new InfinitileError({ code: 'INF8002', message: `'${file}' cannot be read: ${error instanceof Error ? error.message : String(error)}`, hint: 'it may belong to somebody else' }, { cause: error });
  });
  return absolute;
}

/** What a file exports. Its losses and tilings are made, and checked, meanwhile. */
export async function importDefinitions(file: string, absolute: string): Promise<Readonly<Record<string, unknown>>> {
  installDefinitionHooks();
  try {
    const exports: unknown = await import(pathToFileURL(absolute).href);
    return typeof exports === 'object' && exports !== null ? { ...exports } : {};
  } catch (error) {
    if (diagnosticsOf(error) !== undefined) throw error;
    const { message, place } = reason(error, absolute);
    throw new InfinitileError({ code: 'INF8002', message: `'${file}' cannot be loaded: ${message}`, ...markPlace(parseFrame(place)) }, { cause: error });
  }
}

/** What went wrong and, where the file's own code threw, in which line. */
function reason(error: unknown, file: string): { readonly message: string; readonly place?: string } {
  if (!(error instanceof Error)) return { message: `it threw ${String(error)}` };
  const place = (error.stack ?? '').split('\n').find((line) => line.trimStart().startsWith('at ') && line.includes(file))?.trim();
  // esbuild says how many errors there are, then each on a line of its own.
  const message = error.message.replace(/^Transform failed with \d+ errors?:\n/, '').split('\n')[0] ?? '';
  return place === undefined ? { message } : { message: `${error.name}: ${message} (${place.replace('file://', '')})`, place };
}
