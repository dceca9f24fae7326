import { formatBytes } from '../../../codegen/plan/print.js';
import { gflopsOf, type CaseRecord, type PassRecord, type PeerRecord } from '../../bench/record.js';
import { originText } from '../../tune/origin.js';
import { facts, formatMilliseconds, table } from '../report.js';
import { printRanks } from './print-ranks.js';

/** Losses of one shape, or one loss on several numbers of ranks, timed in turns, for people. */
export function printCases(cases: readonly CaseRecord[]): string {
  if (cases.some(({ ring }) => ring !== undefined)) return printRanks(cases);
  const blocks = cases.map(printCase);
  return cases.length === 1 ? blocks.join('') : [...blocks, printTurns(cases)].join('\n');
}

function printCase(record: CaseRecord): string {
  const { loss, n, m, dim, precision, device, target, tiling, chunk, workspaceBytes, peakExtraBytes, forwardMs, forwardBackwardMs, rounds, passes } = record;
  const peers = Object.entries(record.against ?? {});
  const rows = [['infinitile', formatMilliseconds(forwardMs), formatMilliseconds(forwardBackwardMs), rate(record, forwardBackwardMs), formatBytes(record.peakBeyondInputsBytes), ''], ...peers.flatMap(([version, peer]) => peerRow(record, version, peer))];
  return [
    facts([
      ['loss', `${loss}, N ${n}, M ${m}, D ${dim}, ${precision}`],
      ['ran on', `${device}, target ${target}, ${(tiling[0] ?? '').replace(/ +/, ' ')}, chunk ${chunk.rows} x ${chunk.cols}`],
      ...(record.origin === undefined ? [] : [['tiling', originText[record.origin]] as const]),
      ['memory', `workspace ${formatBytes(workspaceBytes)}; at most ${formatBytes(peakExtraBytes)} beyond inputs and outputs`],
      ['on device', `forward ${formatMilliseconds(record.forwardDeviceMs)}, forward and backward ${formatMilliseconds(record.forwardBackwardDeviceMs)}`],
      ...(record.overheadMs === undefined ? [] : [['overhead', `${formatMilliseconds(record.overheadMs)} of forward and backward, beside the device`] as const]),
    ]),
    table(['', 'forward', 'forward + backward', 'GFLOP/s', 'beyond inputs', ''], rows, [1, 2, 3, 4]),
    ...peers.flatMap(([version, peer]) => remarks(version, peer)),
    ...(passes === null ? [] : [printPasses(passes)]),
    `medians of ${rounds} rounds, GFLOP/s at 8 N M D\n`,
  ].join('\n');
}

function peerRow(record: CaseRecord, version: string, peer: PeerRecord): readonly (readonly string[])[] {
  if ('absent' in peer) return [];
  const { ms, ratio, peakBeyondInputsBytes: bytes } = peer;
  return [[version, '', formatMilliseconds(ms), rate(record, ms), bytes === null ? '' : formatBytes(bytes), `${ratio.toFixed(2)} x our time`]];
}

/** The parts of a peer's time, what it says of itself, and how far it is from us. */
function remarks(version: string, peer: PeerRecord): readonly string[] {
  if ('absent' in peer) return [];
  const { parts, note, agreement } = peer;
  const because = agreement?.tolerance.because;
  const said = [
    ...(parts.length === 0 ? [] : [parts.map(({ name, ms }) => `${name} ${formatMilliseconds(ms)}`).join(', ')]),
    ...(note === null ? [] : [note]),
    ...(agreement === null || because === undefined ? [] : [`its loss is ${agreement.lossApart.toExponential(1)} from ours, within ${agreement.tolerance.loss}: ${because}`]),
  ];
  return said.map((line) => `${version}: ${line}\n`);
}

function printPasses(passes: readonly PassRecord[]): string {
  const cell = <T>(value: T | null, print: (value: T) => string): string => (value === null ? '' : print(value));
  const rows = passes.map((pass) => [
    pass.name,
    String(pass.launches),
    formatMilliseconds(pass.ms),
    cell(pass.tflops, (tflops) => tflops.toPrecision(3)),
    cell(pass.ofProduct, (share) => `${(100 * share).toFixed(0)} %`),
    cell(pass.registers, String),
    cell(pass.spillBytes, String),
    cell(pass.sharedBytes, formatBytes),
  ]);
  const sum = passes.reduce((total, { ms }) => total + ms, 0);
  return table(['pass', 'launches', 'time', 'TFLOP/s', 'of the product', 'registers', 'spilled bytes', 'shared memory'], [...rows, ['all', '', formatMilliseconds(sum), '', '', '', '', '']], [1, 2, 3, 4, 5, 6, 7]);
}

function printTurns(cases: readonly CaseRecord[]): string {
  const rows = cases.map(({ loss, origin, forwardMs, forwardBackwardMs, forwardBackwardDeviceMs, ofFirst }) => [
    // One loss in two tilings, or several losses.
    cases.every((other) => other.loss === loss) && origin !== undefined ? `${loss}, ${origin}` : loss,
    ...[forwardMs, forwardBackwardMs, forwardBackwardDeviceMs].map(formatMilliseconds),
    ofFirst === null ? '' : `${ofFirst.device.toFixed(3)} x`,
  ]);
  return table(['in turns', 'forward', 'forward + backward', 'of that on device', 'of the first, on device'], rows, [1, 2, 3, 4]);
}

function rate(record: CaseRecord, ms: number): string {
  return gflopsOf(record, ms).toFixed(0);
}
