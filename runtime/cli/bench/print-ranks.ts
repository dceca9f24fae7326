import { formatBytes } from '../../../codegen/plan/print.js';
import type { CaseRecord } from '../../bench/record.js';
import { facts, formatMilliseconds, table } from '../report.js';

/** One loss on several numbers of ranks, timed in turns, for people. */
export function printRanks(cases: readonly CaseRecord[]): string {
  const [one] = cases;
  if (one === undefined) return '';
  const { loss, n, m, dim, precision, device, target, tiling, rounds } = one;
  return [
    facts([
      ['loss', `${loss}, N ${n}, M ${m}, D ${dim}, ${precision}`],
      ['ran on', `${device}, target ${target}, ${(tiling[0] ?? '').replace(/ +/, ' ')}`],
    ]),
    table(['ranks', 'forward', 'forward + backward', 'of one rank', 'rank 0: forward', 'forward + backward', 'sent forward', 'backward', 'beyond in- and outputs'], cases.map(rowOf), [0, 1, 2, 3, 4, 5, 6, 7, 8]),
    `medians of ${rounds} rounds: all ranks by the clock, rank 0 on its device; what a rank sends, and the memory of the one with the most\n`,
  ].join('\n');
}

function rowOf({ ring, forwardMs, forwardBackwardMs, ofFirst, forwardDeviceMs, forwardBackwardDeviceMs, peakExtraBytes }: CaseRecord): readonly string[] {
  return [
    String(ring?.ranks ?? 1),
    ...[forwardMs, forwardBackwardMs].map(formatMilliseconds),
    ofFirst === null ? '' : `${ofFirst.wall.toFixed(3)} x`,
    ...[forwardDeviceMs, forwardBackwardDeviceMs].map(formatMilliseconds),
    ...[ring?.bytesForward ?? 0, ring?.bytesBackward ?? 0, peakExtraBytes].map(formatBytes),
  ];
}
