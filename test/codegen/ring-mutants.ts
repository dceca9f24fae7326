import type { Buffer, Schedule, Step } from '../../codegen/ring/schedule.js';

/** A schedule that went wrong in one place. */
export interface Mutant {
  readonly what: string;
  readonly schedule: Schedule;
}

/** Every way in which one step of one rank may go wrong. No mutant is another way to be right. */
export function mutantsAt(schedule: Schedule, rank: number, step: number): readonly Mutant[] {
  const here = stepAt(schedule, rank, step);
  const mutant = (what: string, ...edits: readonly Edit[]): Mutant => ({ what: `rank ${rank}, step ${step}: ${what}`, schedule: edited(schedule, rank, edits) });
  const edit = (change: Partial<Step>): Edit => ({ step, to: { ...here, ...change } });
  return [
    ...drops(here).map(([what, change]) => mutant(what, edit(change))),
    ...(here.compute === undefined ? [] : [mutant('a tile dropped', { step, to: { sends: here.sends, receives: here.receives, merges: here.merges } })]),
    ...duplicates(here).map(([what, change]) => mutant(what, edit(change))),
    ...retargets(schedule, here, rank).map(([what, change]) => mutant(what, edit(change))),
    ...renames(schedule, here).map(([what, change]) => mutant(what, edit(change))),
    ...wrongContents(schedule, here).map(([what, change]) => mutant(what, edit(change))),
    ...delays(schedule, here, rank, step).map(([what, edits]) => mutant(what, ...edits)),
  ];
}

/** Two steps of a rank in each other's place. */
export function swapped(schedule: Schedule, rank: number, a: number, b: number): Mutant {
  const edits = [{ step: a, to: stepAt(schedule, rank, b) }, { step: b, to: stepAt(schedule, rank, a) }];
  return { what: `rank ${rank}: steps ${a} and ${b} swapped`, schedule: edited(schedule, rank, edits) };
}

interface Edit {
  readonly step: number;
  readonly to: Step;
}

type Change = readonly [what: string, change: Partial<Step>];

function edited(schedule: Schedule, rank: number, edits: readonly Edit[]): Schedule {
  const ofRank = (schedule.steps[rank] ?? []).map((step, i) => edits.find((edit) => edit.step === i)?.to ?? step);
  return { ...schedule, steps: schedule.steps.map((steps, i) => (i === rank ? ofRank : steps)) };
}

function drops({ sends, receives, merges }: Step): readonly Change[] {
  return [
    ...sends.map((send): Change => ['a send dropped', { sends: sends.filter((other) => other !== send) }]),
    ...receives.map((receive): Change => ['a receive dropped', { receives: receives.filter((other) => other !== receive) }]),
    ...merges.map((merge): Change => ['a merge dropped', { merges: merges.filter((other) => other !== merge) }]),
  ];
}

function duplicates({ sends, receives, merges }: Step): readonly Change[] {
  return [
    ...sends.map((send): Change => ['a send twice', { sends: [...sends, send] }]),
    ...receives.map((receive): Change => ['a receive twice', { receives: [...receives, receive] }]),
    ...merges.map((merge): Change => ['a merge twice', { merges: [...merges, merge] }]),
  ];
}

function retargets({ ring }: Schedule, { sends, receives }: Step, rank: number): readonly Change[] {
  const others = (peer: number): readonly number[] => [...ring.rows.map((shard) => shard.rank), ring.ranks, -1].filter((other) => other !== peer);
  return [
    ...sends.flatMap((send) => others(send.to).map((to): Change => [`a send to rank ${to}${to === rank ? ', itself' : ''}`, { sends: sends.map((one) => (one === send ? { ...one, to } : one)) }])),
    ...receives.flatMap((receive) => others(receive.from).map((from): Change => [`a receive from rank ${from}`, { receives: receives.map((one) => (one === receive ? { ...one, from } : one)) }])),
  ];
}

function renames(schedule: Schedule, { sends, receives, compute, merges }: Step): readonly Change[] {
  const others = (buffer: Buffer): readonly Buffer[] => [...buffersOf(schedule), 'keys[99]' as const].filter((other) => other !== buffer);
  return [
    ...sends.flatMap((send) => others(send.from).map((from): Change => [`a send from ${from}`, { sends: sends.map((one) => (one === send ? { ...one, from } : one)) }])),
    ...receives.flatMap((receive) => others(receive.into).map((into): Change => [`a receive into ${into}`, { receives: receives.map((one) => (one === receive ? { ...one, into } : one)) }])),
    ...merges.flatMap((merge) => others(merge.from).map((from): Change => [`a merge from ${from}`, { merges: merges.map((one) => (one === merge ? { ...one, from } : one)) }])),
    ...merges.flatMap((merge) => others(merge.into).map((into): Change => [`a merge into ${into}`, { merges: merges.map((one) => (one === merge ? { ...one, into } : one)) }])),
    ...(compute === undefined ? [] : others(compute.keys).map((keys): Change => [`a tile with ${keys}`, { compute: { ...compute, keys } }])),
    ...(compute === undefined ? [] : others(compute.into).map((into): Change => [`a tile into ${into}`, { compute: { ...compute, into } }])),
  ];
}

function wrongContents({ ring }: Schedule, { sends, receives, compute, merges }: Step): readonly Change[] {
  const next = (shard: number): number => (shard + 1) % ring.ranks;
  const [send, receive, merge] = [sends[0], receives[0], merges[0]];
  return [
    ...(send === undefined ? [] : [['a send of the next shard', { sends: [{ ...send, content: { ...send.content, shard: next(send.content.shard) } }, ...sends.slice(1)] }] satisfies Change]),
    ...(receive === undefined ? [] : [['a receive of the next shard', { receives: [{ ...receive, content: { ...receive.content, shard: next(receive.content.shard) } }, ...receives.slice(1)] }] satisfies Change]),
    ...(merge === undefined ? [] : [['a merge of the next shard', { merges: [{ ...merge, shard: next(merge.shard) }, ...merges.slice(1)] }] satisfies Change]),
    ...(compute === undefined
      ? []
      : ([
          ['a tile of the next shard of rows', { compute: { ...compute, rows: { ...compute.rows, rank: next(compute.rows.rank) } } }],
          ['a tile of rows that begin one later', { compute: { ...compute, rows: { ...compute.rows, first: compute.rows.first + 1 } } }],
          ['a tile of columns that end one later', { compute: { ...compute, cols: { ...compute.cols, count: compute.cols.count + 1 } } }],
        ] satisfies readonly Change[])),
  ];
}

/** Things that are done a step later. */
function delays(schedule: Schedule, here: Step, rank: number, step: number): readonly (readonly [what: string, edits: readonly Edit[]])[] {
  const next = schedule.steps[rank]?.[step + 1];
  if (next === undefined) return [];
  const later = (what: string, now: Partial<Step>, then: Partial<Step>): readonly [string, readonly Edit[]] => [what, [{ step, to: { ...here, ...now } }, { step: step + 1, to: { ...next, ...then } }]];
  return [
    ...here.sends.map((send) => later('a send a step later', { sends: here.sends.filter((other) => other !== send) }, { sends: [send, ...next.sends] })),
    ...here.receives.map((receive) => later('a receive a step later', { receives: here.receives.filter((other) => other !== receive) }, { receives: [receive, ...next.receives] })),
    ...here.merges.map((merge) => later('a merge a step later', { merges: here.merges.filter((other) => other !== merge) }, { merges: [merge, ...next.merges] })),
    ...(here.compute === undefined ? [] : [later('a tile again in the next step', {}, { compute: here.compute })]),
  ];
}

function buffersOf({ steps }: Schedule): ReadonlySet<Buffer> {
  return new Set(
    steps.flat().flatMap(({ sends, receives, compute, merges }) => [
      ...sends.map(({ from }) => from),
      ...receives.map(({ into }) => into),
      ...merges.flatMap(({ from, into }) => [from, into]),
      ...(compute === undefined ? [] : [compute.keys, compute.into]),
    ]),
  );
}

function stepAt({ steps }: Schedule, rank: number, step: number): Step {
  const found = steps[rank]?.[step];
  if (found === undefined) throw new RangeError(`rank ${rank} has no step ${step}`);
  return found;
}
