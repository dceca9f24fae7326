import { Command } from 'commander';
import { formatBytes } from '../../../codegen/plan/print.js';
import { ArtifactCache, type CacheEntry } from '../../artifact/cache.js';
import { jsonOption } from '../options.js';
import { table } from '../report.js';
import type { Terminal } from '../terminal.js';

interface CacheFlags {
  readonly json?: true;
}

export function cacheCommand(terminal: Terminal): Command {
  return new Command('cache')
    .summary('show or clear compiled kernels')
    .description('Compiled kernels are kept in $INFINITILE_CACHE_DIR, else in the cache directory of the user.')
    .addCommand(
      new Command('list')
        .description('List the compiled kernels, newest first.')
        .addOption(jsonOption())
        .action((flags: CacheFlags) => list(flags, terminal)),
    )
    .addCommand(
      new Command('clear')
        .description('Remove all compiled kernels; they are compiled again when they are needed.')
        .addOption(jsonOption())
        .action((flags: CacheFlags) => clear(flags, terminal)),
    );
}

async function list({ json }: CacheFlags, terminal: Terminal): Promise<void> {
  const cache = new ArtifactCache();
  const entries = await cache.list();
  const bytes = entries.reduce((sum, entry) => sum + entry.bytes, 0);
  if (json === true) {
    terminal.out(`${JSON.stringify({ directory: cache.directory, bytes, entries: entries.map(describe) })}\n`);
    return;
  }
  if (entries.length > 0) {
    const rows = entries.map((entry) => [entry.key.slice(0, 12), ...whatItIs(entry), formatBytes(entry.bytes)]);
    terminal.out(`${table(['key', 'loss', 'target', 'file', 'created', 'size'], rows, [5])}\n`);
  }
  terminal.out(`${entries.length} ${entries.length === 1 ? 'kernel file' : 'kernel files'}, ${formatBytes(bytes)}, in ${cache.directory}\n`);
}

function whatItIs({ manifest, problem }: CacheEntry): readonly string[] {
  if (manifest === undefined) return ['damaged', '', problem ?? '', ''];
  return [manifest.loss, manifest.target, manifest.file, manifest.created.slice(0, 16).replace('T', ' ')];
}

function describe({ key, directory, bytes, manifest, problem }: CacheEntry): object {
  return {
    key,
    directory,
    bytes,
    loss: manifest?.loss ?? null,
    target: manifest?.target ?? null,
    file: manifest?.file ?? null,
    compiler: manifest?.compiler ?? null,
    created: manifest?.created ?? null,
    problem: problem ?? null,
  };
}

async function clear({ json }: CacheFlags, terminal: Terminal): Promise<void> {
  const cache = new ArtifactCache();
  const { entries, bytes } = await cache.clear();
  if (json === true) terminal.out(`${JSON.stringify({ directory: cache.directory, entries, bytes })}\n`);
  else terminal.out(`removed ${entries} ${entries === 1 ? 'kernel file' : 'kernel files'}, ${formatBytes(bytes)}, from ${cache.directory}\n`);
}
