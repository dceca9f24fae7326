import { Command } from 'commander';
import { formatBytes } from '../../../codegen/plan/print.js';
import { ArtifactCache, type CacheEntry } from '../../artifact/cache.js';
import { clearTuned, listTuned, type TunedEntry } from '../../tune/store/catalog.js';
import { jsonOption } from '../options.js';
import { table } from '../report.js';
import type { Terminal } from '../terminal.js';

interface CacheFlags {
  readonly json?: true;
}

export function cacheCommand(terminal: Terminal): Command {
  return new Command('cache')
    .summary('show or clear compiled kernels and tuned tilings')
    .description('Compiled kernels and tuned tilings are kept in $INFINITILE_CACHE_DIR, else in the cache directory of the user.')
    .addCommand(
      new Command('list')
        .description('List the compiled kernels and the tuned tilings, newest first.')
        .addOption(jsonOption())
        .action((flags: CacheFlags) => list(flags, terminal)),
    )
    .addCommand(
      new Command('clear')
        .description('Remove all of them: kernels are compiled again when they are needed, tilings are those of the target until tune has run again.')
        .addOption(jsonOption())
        .action((flags: CacheFlags) => clear(flags, terminal)),
    );
}

async function list({ json }: CacheFlags, terminal: Terminal): Promise<void> {
  const cache = new ArtifactCache();
  const entries = await cache.list();
  const tuned = await listTuned(cache.directory);
  const bytes = [...entries, ...tuned].reduce((sum, entry) => sum + entry.bytes, 0);
  if (json === true) {
    terminal.out(`${JSON.stringify({ directory: cache.directory, bytes, entries: entries.map(describe), tuned: tuned.map(describeTuned) })}\n`);
    return;
  }
  if (entries.length > 0) {
    const rows = entries.map((entry) => [entry.key.slice(0, 12), ...whatItIs(entry), formatBytes(entry.bytes)]);
    terminal.out(`${table(['key', 'loss', 'target', 'file', 'created', 'size'], rows, [5])}\n`);
  }
  if (tuned.length > 0) terminal.out(`${table(['key', 'loss', 'target', 'of', 'tiling', 'created', 'size'], tuned.map((entry) => [entry.key.slice(0, 12), ...whatWasTuned(entry), formatBytes(entry.bytes)]), [6])}\n`);
  terminal.out(`${counted(entries.length, tuned.length)}, ${formatBytes(bytes)}, in ${cache.directory}\n`);
}

function counted(files: number, tunings: number): string {
  return `${files} ${files === 1 ? 'kernel file' : 'kernel files'}${tunings === 0 ? '' : `, ${tunings} ${tunings === 1 ? 'tuned tiling' : 'tuned tilings'}`}`;
}

function whatWasTuned({ record, sizeClass, problem }: TunedEntry): readonly string[] {
  if (record === undefined) return ['', '', sizeClass, problem ?? '', ''];
  const { subject: { loss, target, n, m, dim, precision }, id, created } = record;
  return [loss, target, `${n} x ${m}, D ${dim}, ${precision}`, id, created.slice(0, 16).replace('T', ' ')];
}

function describeTuned({ key, sizeClass, bytes, record, problem }: TunedEntry): object {
  return { key, sizeClass, bytes, subject: record?.subject ?? null, tiling: record?.id ?? null, created: record?.created ?? null, problem: problem ?? null };
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
  const tuned = await clearTuned(cache.directory);
  const { entries, bytes: ofEntries } = await cache.clear();
  const bytes = ofEntries + tuned.bytes;
  if (json === true) terminal.out(`${JSON.stringify({ directory: cache.directory, entries, tuned: tuned.entries, bytes })}\n`);
  else terminal.out(`removed ${counted(entries, tuned.entries)}, ${formatBytes(bytes)}, from ${cache.directory}\n`);
}
