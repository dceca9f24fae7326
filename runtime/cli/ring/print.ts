import type { LinkTraffic } from '../../../codegen/ring/bytes.js';
import { stepCount, stepOf } from '../../../codegen/ring/lower.js';
import { printMistake } from '../../../codegen/ring/mistake.js';
import { formatBytes } from '../../../codegen/plan/print.js';
import { printRank, symbolOf } from '../../../codegen/ring/print.js';
import { passes, type Pass, type Ring, type Schedule, type Shard, type Step } from '../../../codegen/ring/schedule.js';
import type { Simulation } from '../../../codegen/ring/simulate.js';
import type { Verification } from '../../../codegen/ring/verify.js';
import { facts, formatMilliseconds, table } from '../report.js';
import { largestVerified, type RingFacts } from './facts.js';

/** More columns are wider than a terminal. */
export const widestTimeline = 8;

/** Everything about a ring but its timeline. */
export function printRing({ ring, embeddings, verification, hopBytes, hopBytesPerRow, finishedSums, traffic, simulation }: RingFacts): string {
  const { ranks, nodes, inFlight, rows, cols } = ring;
  const { dim, precision } = embeddings;
  const byPass = (print: (pass: Pass) => string): string => passes.map((pass) => `${pass} ${print(pass)}`).join(', ');
  return [
    facts([
      ['ring', `${ranks} ${ranks === 1 ? 'rank' : 'ranks'} on ${nodes} ${nodes === 1 ? 'node' : 'nodes'}, ${inFlight} shards of keys in flight`],
      ['shards', `${rowsOf(rows)} queries and ${rowsOf(cols)} keys a rank, D ${dim}, ${precision}`],
      ['verified', verification === undefined ? `no: of more than ${largestVerified} ranks it takes minutes` : passes.map((pass) => `${pass} ${printVerification(verification[pass])}`).join('\n          ')],
      ['per hop', `${byPass((pass) => `${formatBytes(hopBytes[pass])} (${hopBytesPerRow[pass]} bytes a key row)`)}\n          and ${finishedSums.perRow} bytes a key row of finished sums in the backward pass`],
    ]),
    ...(ranks === 1 ? [] : ['\nwhat rank 0 sends\n', table(['pass', 'link', 'to rank', 'messages', 'bytes'], passes.flatMap((pass) => traffic[pass].map((sent) => trafficRow(pass, sent))), [2, 3, 4])]),
    ...(simulation === undefined ? [] : ['\n', printSimulation(simulation)]),
  ].join('');
}

/** For each step what each rank computes, and below what it sends meanwhile: `K3 S2 > 1` are keys and statistics to rank 1. */
export function printTimeline({ pass, steps }: Schedule): string {
  const count = steps[0]?.length ?? 0;
  const rows = Array.from({ length: count }, (_, number) => [String(number), ...steps.map((ofRank) => printCell(ofRank[number]))]);
  return `${pass}: tiles, and what is sent meanwhile\n${table(['step', ...steps.map((_, rank) => `rank ${rank}`)], rows)}`;
}

/** All that one rank does, with its buffers. */
export function printOneRank(ring: Ring, rank: number): string {
  const count = stepCount(ring);
  return passes.map((pass) => `${pass}, ${printRank(rank, Array.from({ length: count }, (_, step) => stepOf(ring, pass, rank, step))).join('\n')}\n`).join('\n');
}

function printCell(step: Step | undefined): string {
  if (step === undefined) return '';
  const sent = new Map<number, string[]>();
  for (const { content, to } of step.sends) sent.set(to, [...(sent.get(to) ?? []), symbolOf(content)]);
  const tile = step.compute === undefined ? '-' : `Q${step.compute.rows.rank} x K${step.compute.cols.rank}`;
  return [tile, ...[...sent].map(([to, symbols]) => `  ${symbols.join(' ')} > ${to}`)].join('\n');
}

function printVerification(verification: Verification): string {
  if (!verification.verified) return `is refused:\n${verification.mistakes.map((mistake) => `            ${printMistake(mistake)}`).join('\n')}`;
  const { tiles, messages, merges } = verification;
  return `${tiles} ${tiles === 1 ? 'tile' : 'tiles'}, each once; ${messages} messages, each received; ${merges} merges; all sums home`;
}

function trafficRow(pass: Pass, { link, to, messages, bytes }: LinkTraffic): readonly string[] {
  return [pass, link === 'intra' ? 'inside the node' : 'between nodes', String(to), String(messages), formatBytes(bytes)];
}

function printSimulation({ passSeconds, computeSeconds, exposedSeconds, oneRankSeconds, efficiency }: Simulation): string {
  const time = (seconds: number): string => formatMilliseconds(seconds * 1000);
  return facts([
    ['time', `forward ${time(passSeconds.forward)}, backward ${time(passSeconds.backward)}; on one rank ${time(oneRankSeconds)}`],
    ['computing', `${time(computeSeconds)}, and ${time(exposedSeconds)} that nothing hides: messages, waiting`],
    ['efficiency', `${(100 * efficiency).toFixed(1)} % of as many single ranks`],
  ]);
}

function rowsOf(shards: readonly Shard[]): string {
  const counts = shards.map(({ count }) => count);
  const [least, most] = [Math.min(...counts), Math.max(...counts)];
  return least === most ? String(most) : `${least} .. ${most}`;
}
