import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { packagePath } from '../../codegen/emit/package-path.js';
import { targetNamed } from '../../codegen/targets/index.js';
import { tunedUnusable, type OnWarning } from './errors.js';
import { modelOf, nearestClass, sizeClass, type TunedFacts } from './store/key.js';
import { parseTuned, type TunedRecord } from './store/record.js';

/** Results that come with the package: `<target>/<loss>-<precision>-<dim>*.json`, as `infinitile tune --save` writes them. */
export const shippedFolder = packagePath('runtime', 'tune', 'shipped');

/**
 * That of a problem, of the size nearest to N queries. A GPU is told by its model and its multiprocessors (an H100 and an H200 of 132
 * are one processor beside other memory; what an H100 has found slows an H200), a CPU by the target alone: compiler, driver, cores and
 * versions may be others than where it was tuned. The workspace is the same: a block that was chosen for one may not fit a smaller.
 */
export async function shippedFor(facts: TunedFacts, n: number | undefined, onWarning: OnWarning, folder = shippedFolder): Promise<TunedRecord | undefined> {
  const directory = join(folder, facts.target);
  const names = (await readdir(directory).catch(() => [])).filter((name) => new RegExp(`^${facts.loss}-${facts.precision}-${facts.dim}\\b.*\\.json$`).test(name));
  const records = await Promise.all(names.map((name) => readShipped(join(directory, name), onWarning)));
  const fitting = new Map(records.flatMap((record) => (record !== undefined && fits(record, facts) ? [[sizeClass(record.subject), record]] : [])));
  const nearest = nearestClass([...fitting.keys()], n);
  return nearest === undefined ? undefined : fitting.get(nearest);
}

async function readShipped(path: string, onWarning: OnWarning): Promise<TunedRecord | undefined> {
  const parsed = parseTuned(await readFile(path, 'utf8'));
  if ('record' in parsed) return parsed.record;
  onWarning(tunedUnusable(path, parsed.problem));
  return undefined;
}

function fits({ subject }: TunedRecord, facts: TunedFacts): boolean {
  const same = (['target', 'loss', 'lossHash', 'tilingHash', 'dim', 'guideDim', 'precision', 'workspace'] as const).every((field) => subject[field] === facts[field]);
  return same && (targetNamed(facts.target)?.device === 'cpu' || (subject.workers === facts.workers && modelOf(subject) === modelOf(facts)));
}
