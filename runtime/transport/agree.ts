import { InfinitileError } from '../../dsl/diagnostics/index.js';
import type { Communicator } from './communicator.js';

export async function gatherDoubles(communicator: Communicator, values: Float64Array, what: string): Promise<readonly Float64Array[]> {
  const all = await communicator.gather(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), what);
  return all.map((bytes) => new Float64Array(bytes.slice().buffer));
}

export async function agree<T>(communicator: Communicator, what: string, work: () => T | Promise<T>): Promise<T> {
  let outcome: { readonly value: T } | { readonly error: unknown };
  try {
    outcome = { value: await work() };
  } catch (error) {
    outcome = { error };
  }
  const all = await communicator.gather(new TextEncoder().encode('error' in outcome ? String(outcome.error) : ''), what);
  if ('error' in outcome) throw outcome.error;
  const failed = all.findIndex((bytes) => bytes.length > 0);
  if (failed >= 0) throw new InfinitileError({ code: 'INF7101', message: `rank ${failed}: ${new TextDecoder().decode(all[failed])}` });
  return outcome.value;
}

export async function requireSame(communicator: Communicator, record: Readonly<Record<string, string>>): Promise<void> {
  await communicator.gather(new TextEncoder().encode(JSON.stringify(record)), 'options');
}
