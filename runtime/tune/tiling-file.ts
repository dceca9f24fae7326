import { readFile } from 'node:fs/promises';
import type { Tiling, TunedFor } from '../../dsl/tiling.js';
import { unreadable } from '../tensor/errors.js';
import { writeText } from '../tensor/write-text.js';
import { noTilingFile, tunedForAnother, type OnWarning } from './errors.js';
import type { TunedFacts } from './store/key.js';
import { parseTuned, printTuned, type TunedRecord } from './store/record.js';

/**
 * The tiling that `infinitile tune --save` has written to a file. Where it is used for something else than it was tuned for,
 * `compile` warns.
 *
 * @throws {InfinitileError} when there is no such file, or no tiling in it.
 */
export async function loadTiling(path: string): Promise<Tiling> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw unreadable(path, error);
  });
  const parsed = parseTuned(text);
  if ('problem' in parsed) throw noTilingFile(path, parsed.problem);
  const { tiling, subject: { loss, lossHash, dim, precision, target } } = parsed.record;
  return { ...tiling, tunedFor: { loss, lossHash, dim, precision, target } };
}

/**
 * Writes what `tune` has found to a file, as {@link loadTiling} reads it.
 *
 * @throws {InfinitileError} when it cannot be written; then nothing is left of it.
 */
export async function saveTiling(path: string, { record }: { readonly record: TunedRecord }): Promise<void> {
  await writeText(path, printTuned(record));
}

/** Warns where a loaded tiling was tuned for something else. */
export function tellOfMismatch({ tunedFor }: Tiling, facts: Pick<TunedFacts, keyof TunedFor>, onWarning: OnWarning): void {
  if (tunedFor === undefined) return;
  const { loss, lossHash, ...numbers } = tunedFor;
  const differences = [
    ...(loss !== facts.loss ? [`loss '${loss}' (this is '${facts.loss}')`] : lossHash === facts.lossHash ? [] : [`another loss of the name '${loss}'`]),
    ...(['dim', 'precision', 'target'] as const).flatMap((field) => (numbers[field] === facts[field] ? [] : [`${field} ${numbers[field]} (this is ${facts[field]})`])),
  ];
  if (differences.length > 0) onWarning(tunedForAnother(differences));
}
