import type { Diagnostic } from '../../dsl/diagnostics/diagnostic.js';
import { InfinitileError } from '../../dsl/diagnostics/error.js';
import { cacheVariable } from './cache-directory.js';

export function cacheUnusable(directory: string, error: NodeJS.ErrnoException): InfinitileError {
  const act = error.syscall === 'scandir' || error.syscall === 'read' ? 'read' : 'written';
  return new InfinitileError({
    code: 'INF6101',
    message: `the cache directory '${directory}' cannot be ${act}: ${error.message}`,
    hint: `set ${cacheVariable} to a directory that may be written, or free it`,
  });
}

export function damagedEntry(directory: string, problem: string): Diagnostic {
  return {
    code: 'INF6102',
    message: `the cache entry '${directory}' is damaged (${problem}) and is not used`,
    hint: 'it is compiled again; infinitile cache clear removes all entries',
  };
}
