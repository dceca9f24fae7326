import { z } from 'zod';
import type { ControlPlane } from './control-plane.js';
import { rankElsewhere, ranksDisagree, reasonOf } from './errors.js';

type Gatherer = Pick<ControlPlane, 'gather' | 'rank'>;

/**
 * Does a piece of work on every rank, and goes on only where all have done it: nobody waits for a rank that could not.
 *
 * @param what the work, such as "compiling the kernels".
 * @throws the rank's own error where it failed; INF7101 with the first failure where another did.
 */
export async function agree<T>(communicator: Gatherer, what: string, work: () => T | Promise<T>): Promise<T> {
  const own = await outcomeOf(work);
  const reasons = await gatherJson(communicator, own.done ? null : reasonOf(own.error), what, z.string().nullable()).catch((error: unknown) => {
    throw own.done ? error : own.error;
  });
  if (!own.done) throw own.error;
  for (const [rank, reason] of reasons.entries()) if (reason !== null) throw rankElsewhere(rank, reason);
  return own.value;
}

type Outcome<T> = { readonly done: true; readonly value: T } | { readonly done: false; readonly error: unknown };

async function outcomeOf<T>(work: () => T | Promise<T>): Promise<Outcome<T>> {
  try {
    return { done: true, value: await work() };
  } catch (error) {
    return { done: false, error };
  }
}

/**
 * Refuses ranks whose records differ.
 *
 * @throws {InfinitileError} INF7102 on every rank, with each difference.
 */
export async function requireSame(communicator: Gatherer, record: Readonly<Record<string, string>>): Promise<void> {
  const what = 'what ranks have in common';
  const own = Buffer.from(JSON.stringify(record));
  const parts = await communicator.gather(own, what);
  // As good as always: then nothing needs to be read.
  if (parts.every((part) => own.equals(part))) return;
  const records = parts.map((bytes, rank) => parseAs(z.record(z.string(), z.string()), bytes, rank, what));
  const [first = {}] = records;
  const names = new Set(records.flatMap((other) => Object.keys(other)));
  const differences = [...names].flatMap((name) => {
    const rank = records.findIndex((other) => other[name] !== first[name]);
    return rank === -1 ? [] : [`${name}: rank 0 has ${print(first[name])}, rank ${rank} has ${print(records[rank]?.[name])}`];
  });
  if (differences.length > 0) throw ranksDisagree(differences);
}

function print(value: string | undefined): string {
  return value === undefined ? 'none' : `'${value}'`;
}

/** What each rank gave, in the order of ranks, checked by a schema. */
export async function gatherJson<T>(communicator: Gatherer, value: T, what: string, schema: z.ZodType<T>): Promise<readonly T[]> {
  const parts = await communicator.gather(Buffer.from(JSON.stringify(value)), what);
  return parts.map((bytes, rank) => parseAs(schema, bytes, rank, what));
}

function parseAs<T>(schema: z.ZodType<T>, bytes: Uint8Array, rank: number, what: string): T {
  const parsed = schema.safeParse(JSON.parse(Buffer.from(bytes).toString()));
  if (!parsed.success) throw ranksDisagree([`${what}: rank ${rank} has given something else`]);
  return parsed.data;
}

/** The numbers of each rank, in the order of ranks; ranks may have different counts of them. */
export async function gatherNumbers(communicator: Gatherer, numbers: Float64Array, what: string): Promise<readonly Float64Array[]> {
  const parts = await communicator.gather(new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength), what);
  return parts.map((bytes, rank) => {
    if (bytes.length % Float64Array.BYTES_PER_ELEMENT !== 0) throw ranksDisagree([`${what}: rank ${rank} has given something else`]);
    return new Float64Array(new Uint8Array(bytes).buffer);
  });
}
