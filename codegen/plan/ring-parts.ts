import type { RingWalk, RingWalks, Step } from './plan.js';

export const ringPasses = ['positives', 'forward', 'backward'] as const;
export type RingPass = (typeof ringPasses)[number];

export type RingPart = 'begin' | 'clear' | 'ofPositives' | 'tile' | 'make' | 'add' | 'merge' | 'end';

interface Part {
  readonly part: RingPart;
  readonly what: string;
  readonly steps: (walk: RingWalk) => readonly Step[];
}

/** What a rank's walk through a pass is made of. */
export const ringParts: readonly Part[] = [
  { part: 'begin', what: 'before all tiles', steps: ({ begin }) => begin },
  { part: 'clear', what: 'no sums of the columns at hand', steps: ({ clear }) => clear },
  { part: 'ofPositives', what: 'positives of a tile', steps: ({ ofPositives }) => ofPositives },
  { part: 'tile', what: 'a tile', steps: ({ tile }) => tile },
  { part: 'make', what: 'a tile that is one chunk, but for the sums of its columns', steps: ({ piece }) => piece.make },
  { part: 'add', what: 'those sums', steps: ({ piece }) => piece.add },
  { part: 'merge', what: 'sums of a tile added to those that came', steps: ({ merge }) => merge },
  { part: 'end', what: 'with the sums of the own columns complete', steps: ({ end }) => end },
];

/** Steps of a rank of a ring, by what they are for. */
export interface RingSteps {
  readonly pass: RingPass | 'terms';
  /** Undefined between the passes. */
  readonly part?: RingPart;
  readonly what: string;
  readonly steps: readonly Step[];
}

const titles: Readonly<Record<RingPass, string>> = { positives: 'positives, before all tiles', forward: 'forward', backward: 'backward' };

/** All that there is to do, in the order in which a rank begins with it. */
export function ringStepsOf(ring: RingWalks): readonly RingSteps[] {
  const ofPass = (pass: RingPass): readonly RingSteps[] => {
    const walk = ring[pass];
    return walk === undefined ? [] : ringParts.map(({ part, what, steps }) => ({ pass, part, what: `${titles[pass]}: ${what}`, steps: steps(walk) }));
  };
  const terms: RingSteps = { pass: 'terms', what: 'values of the softmax terms, and their derivatives', steps: ring.terms };
  return [...ofPass('positives'), ...ofPass('forward'), terms, ...ofPass('backward')].filter(({ steps }) => steps.length > 0);
}
