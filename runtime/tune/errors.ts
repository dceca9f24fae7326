import type { Diagnostic } from '../../dsl/diagnostics/diagnostic.js';
import { InfinitileError } from '../../dsl/diagnostics/error.js';
import { cacheVariable } from '../artifact/cache-directory.js';

export type OnWarning = (warning: Diagnostic) => void;

export const warnProcess: OnWarning = ({ code, message }) => process.emitWarning(message, { type: 'InfinitileWarning', code });

export function tunedUnusable(path: string, problem: string): Diagnostic {
  return {
    code: 'INF6103',
    message: `what was tuned cannot be read from '${path}' (${problem}) and is not used`,
    hint: 'infinitile tune searches again; infinitile cache clear removes it',
  };
}

export function nothingKept(directory: string, cause: Error): Diagnostic {
  return {
    code: 'INF6104',
    message: `nothing of this search is kept: the cache directory '${directory}' cannot be written: ${cause.message}`,
    hint: `set ${cacheVariable} to a directory that may be written, or take the tiling home with --save`,
  };
}

export function noTilingFile(path: string, problem: string): InfinitileError {
  return new InfinitileError({ code: 'INF6105', message: `'${path}' holds no tiling: ${problem}`, hint: 'infinitile tune --save writes such a file' });
}

export function tunedForAnother(differences: readonly string[]): Diagnostic {
  return { code: 'INF6106', message: `the tiling that was given was tuned for ${differences.join(', ')}`, hint: 'it is used as it says; infinitile tune finds the tiling of what is asked for' };
}

/** @param needed seconds. */
export function budgetTooShort(budget: number, needed: number): InfinitileError {
  const [given, enough] = [budget, needed].map((seconds) => `${Math.ceil(seconds)}s`);
  return new InfinitileError({
    code: 'INF8008',
    message: `a budget of ${given ?? ''} is over before the usual tiling and one other were built and timed`,
    hint: `take --budget ${enough ?? ''} or more, fewer rows (--n), or --effort none, which times nothing`,
  });
}
