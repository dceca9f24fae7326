import { elementBytes, type Buffer, type Plan, type RingWalk, type RingWalks, type Step } from '../../plan/plan.js';
import { ringGradient, stacksOfColumns, tileSum } from '../../plan/ring-buffers.js';
import { nothing } from '../../plan/ring-walks.js';
import { bufferName } from './walk.js';

/*
 * A rank's walks as C: which functions there are, and which buffers travel.
 */

const passes = { positives: 'Positives, before all tiles', forward: 'Forward', backward: 'Backward' } as const;
type PassName = keyof typeof passes;

/** The functions of a pass by their members of `RingWalk` in C. */
const members: readonly (readonly [member: string, what: string, steps: (walk: RingWalk) => readonly Step[]])[] = [
  ['begin', 'before all tiles', ({ begin }) => begin],
  ['clear', 'no sums of the columns at hand', ({ clear }) => clear],
  ['of_positives', 'positives of a tile', ({ ofPositives }) => ofPositives],
  ['tile', 'a tile', ({ tile }) => tile],
  ['make', 'a tile that is one chunk, but for the sums of its columns', ({ piece }) => piece.make],
  ['add', 'those sums', ({ piece }) => piece.add],
  ['merge', 'sums of a tile added to those that came', ({ merge }) => merge],
  ['end', 'with the sums of the own columns complete', ({ end }) => end],
];

/** Every function of the walks that has something to do. */
export function ringWalkSteps(ring: RingWalks): readonly (readonly [name: string, what: string, steps: readonly Step[]])[] {
  const ofPass = (pass: PassName) => members.map(([member, what, steps]) => [`${pass}_${member}`, `${passes[pass]}: ${what}.`, steps(walkOf(ring, pass))] as const);
  const all = [...ofPass('positives'), ...ofPass('forward'), ['terms', 'Values of the softmax terms, and their derivatives.', ring.terms] as const, ...ofPass('backward')];
  return all.filter(([, , steps]) => steps.length > 0);
}

/** What `plan.h.hbs` is given of a ring. */
export function ringContext(plan: Plan, ring: RingWalks, id: string): object {
  const known = new Set(ringWalkSteps(ring).map(([name]) => name));
  const functionOf = (name: string): string => (known.has(name) ? `${id}_${name}` : 'NULL');
  return {
    diagonal: plan.positives === 'diagonal',
    terms: functionOf('terms'),
    passes: (['positives', 'forward', 'backward'] as const).map((pass) => {
      const { keys, sums } = walkOf(ring, pass);
      return {
        pass,
        functions: members.map(([member]) => ({ member, function: functionOf(`${pass}_${member}`) })),
        messages: [
          { kind: 'keys', count: 'key_parts', parts: keys.map((name) => part(bufferOf(plan, name), homeOf(name))) },
          { kind: 'sums', count: 'sum_parts', parts: sums.map((name) => part(bufferOf(plan, name), isStackGradient(name) ? undefined : name, tileSum(name))) },
        ].map(({ parts, ...message }) => ({ ...message, parts, array: parts.length === 0 ? 'NULL' : `${id}_${pass}_${message.kind}` })),
      };
    }),
  };
}

/** Buffers that travel, some of which are nowhere but in messages. */
export function partBuffers(plan: Plan, ring: RingWalks): readonly Buffer[] {
  const names = new Set((['positives', 'forward', 'backward'] as const).flatMap((pass) => [...walkOf(ring, pass).keys, ...walkOf(ring, pass).sums]));
  return plan.buffers.filter(({ name }) => names.has(name));
}

/** Where a buffer that is no workspace lies on a rank: by itself, in the place for what a tile gives, or in messages alone. */
export function ringRole(ring: RingWalks | undefined, { name }: Buffer): 'statistic' | 'tile' | 'message' {
  if (ring === undefined) return 'statistic';
  if (stacksOfColumns.has(name) || isStackGradient(name)) return 'message';
  return tileSums(ring).has(name) ? 'tile' : 'statistic';
}

function walkOf(ring: RingWalks, pass: PassName): RingWalk {
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

function part({ name, element }: Buffer, source?: string, tile?: string): object {
  const numberOf = (buffer: string | undefined): string => (buffer === undefined ? '-1' : bufferName(buffer));
  return { buffer: bufferName(name), elementBytes: elementBytes[element], source: numberOf(source), tile: numberOf(tile) };
}
