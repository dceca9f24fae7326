import { assertNever } from '../../dsl/assert-never.js';
import type { Content, Schedule, Shard, Step } from './schedule.js';

/** A schedule as people read it: what each rank does, step by step, with the buffers that it uses. */
export function printSchedule({ ring, pass, steps }: Schedule): string {
  return [
    `${pass}: ${ring.ranks} ${ring.ranks === 1 ? 'rank' : 'ranks'} on ${ring.nodes} ${ring.nodes === 1 ? 'node' : 'nodes'}, ${ring.inFlight} shards of keys in flight`,
    ...steps.flatMap((ofRank, rank) => ['', ...printRank(rank, ofRank)]),
    '',
  ].join('\n');
}

/** What one rank does, a line for each thing. */
export function printRank(rank: number, steps: readonly Step[]): readonly string[] {
  return [`rank ${rank}`, ...steps.flatMap((step, i) => printStep(i, step))];
}

function printStep(number: number, step: Step): readonly string[] {
  const label = `  step ${number}  `;
  return linesOf(step).map((line, i) => `${i === 0 ? label : ' '.repeat(label.length)}${line}`);
}

function linesOf({ sends, receives, compute, merges }: Step): readonly string[] {
  return [
    ...sends.map(({ content, from, to }) => `send     ${printContent(content)} from ${from} to rank ${to}`),
    ...receives.map(({ content, from, into }) => `receive  ${printContent(content)} from rank ${from} into ${into}`),
    ...(compute === undefined ? [] : [`compute  rows ${printShard(compute.rows)} x columns ${printShard(compute.cols)}, ${compute.keys} -> ${compute.into}`]),
    ...merges.map(({ from, into }) => `merge    ${from} into ${into}`),
  ];
}

/** `keys of rank 3`. */
export function printContent({ kind, shard }: Content): string {
  return `${kind} of rank ${shard}`;
}

/** `K3`, for tables and drawings: K keys, S statistics, dK their gradient. */
export function symbolOf({ kind, shard }: Content): string {
  switch (kind) {
    case 'keys':
      return `K${shard}`;
    case 'statistics':
      return `S${shard}`;
    case 'dKeys':
      return `dK${shard}`;
    default:
      return assertNever(kind);
  }
}

function printShard({ first, count }: Shard): string {
  return `[${first}, ${first + count})`;
}
