import { elementBytes, type Buffer, type Plan, type RingWalk, type RingWalks, type Step } from '../../plan/plan.js';
import { ringGradient, stacksOfColumns, tileSum } from '../../plan/ring-buffers.js';
import { ringParts, ringPasses, ringStepsOf, type RingPart, type RingPass } from '../../plan/ring-parts.js';
import { nothing } from '../../plan/ring-walks.js';
import { capitalised, snakeCase } from './names.js';
import { bufferName } from './walk.js';

/*
 * A rank's walks as C: which functions there are, and which buffers travel.
 */

/** Every function of the walks that has something to do. */
export function ringWalkSteps(ring: RingWalks): readonly (readonly [name: string, what: string, steps: readonly Step[]])[] {
  return ringStepsOf(ring).map(({ pass, part, what, steps }) => [part === undefined ? pass : functionName(pass, part), `${capitalised(what)}.`, steps]);
}

function functionName(pass: string, part: RingPart): string {
  return `${pass}_${snakeCase(part)}`;
}

/** What `plan.h.hbs` is given of a ring. */
export function ringContext(plan: Plan, ring: RingWalks, id: string): object {
  const known = new Set(ringWalkSteps(ring).map(([name]) => name));
  const functionOf = (name: string): string => (known.has(name) ? `${id}_${name}` : 'NULL');
  return {
    diagonal: plan.positives === 'diagonal',
    terms: functionOf('terms'),
    passes: ringPasses.map((pass) => {
      const { keys, sums } = walkOf(ring, pass);
      return {
        pass,
        functions: ringParts.map(({ part }) => ({ member: snakeCase(part), function: functionOf(functionName(pass, part)) })),
        messages: [
          { kind: 'keys', count: 'key_parts', parts: keys.map((name) => partOf(bufferOf(plan, name), homeOf(name))) },
          { kind: 'sums', count: 'sum_parts', parts: sums.map((name) => partOf(bufferOf(plan, name), isStackGradient(name) ? undefined : name, tileSum(name))) },
        ].map(({ parts, ...message }) => ({ ...message, parts, array: parts.length === 0 ? 'NULL' : `${id}_${pass}_${message.kind}` })),
      };
    }),
  };
}

/** Buffers that travel, some of which are nowhere but in messages. */
export function partBuffers(plan: Plan, ring: RingWalks): readonly Buffer[] {
  const names = new Set(ringPasses.flatMap((pass) => [...walkOf(ring, pass).keys, ...walkOf(ring, pass).sums]));
  return plan.buffers.filter(({ name }) => names.has(name));
}

/** Where a buffer that is no workspace lies on a rank: by itself, in the place for what a tile gives, or in messages alone. */
export function ringRole(ring: RingWalks | undefined, { name }: Buffer): 'statistic' | 'tile' | 'message' {
  if (ring === undefined) return 'statistic';
  if (stacksOfColumns.has(name) || isStackGradient(name)) return 'message';
  return tileSums(ring).has(name) ? 'tile' : 'statistic';
}

function walkOf(ring: RingWalks, pass: RingPass): RingWalk {
  return ring[pass] ?? nothing;
}

function tileSums(ring: RingWalks): ReadonlySet<string> {
  return new Set([...ring.forward.sums, ...ring.backward.sums].map(tileSum));
}

function homeOf(name: string): string {
  return stacksOfColumns.get(name) ?? name;
}

/** It is added to the gradients of the rank's own stack, and has no place there. */
function isStackGradient(name: string): boolean {
  return name === ringGradient({ stacked: true });
}

function bufferOf({ buffers }: Plan, name: string): Buffer {
  const buffer = buffers.find((candidate) => candidate.name === name);
  if (buffer === undefined) throw new Error(`the plan has no buffer '${name}'`);
  return buffer;
}

function partOf({ name, element }: Buffer, source?: string, tile?: string): object {
  const numberOf = (buffer: string | undefined): string => (buffer === undefined ? '-1' : bufferName(buffer));
  return { buffer: bufferName(name), elementBytes: elementBytes[element], source: numberOf(source), tile: numberOf(tile) };
}
