import type { Norms } from '../load-inputs.js';
import type { StepOptions } from '../session.js';
import { gatherNumbers } from '../transport/agree.js';
import type { Communicator } from '../transport/communicator.js';

/** The norms of all ranks' rows bound the logits of all. */
export async function largestOfAll(communicator: Communicator, { queries, keys }: Norms): Promise<Norms> {
  const all = await gatherNumbers(communicator, Float64Array.of(queries, keys), 'the largest norms');
  const largest = (i: number): number => Math.max(...all.map((norms) => norms[i] ?? 0));
  return { queries: largest(0), keys: largest(1) };
}

/** What every rank has to ask of a step alike. */
export function sharedOptions({ params, gradients, forward = false, reports = false }: StepOptions): Readonly<Record<string, string>> {
  const walks = [...(gradients ? ['gradients'] : []), ...(forward ? ['forward'] : []), ...(reports ? ['reports'] : [])];
  return { ...Object.fromEntries(Object.entries(params).map(([name, value]) => [`parameter ${name}`, String(value)])), 'what a step gives': ['loss', ...walks].join(', ') };
}
