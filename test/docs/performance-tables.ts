import { formatBytes } from '../../codegen/plan/print.js';
import { gflopsOf, type BenchRecord, type CaseRecord, type PassRecord, type PeerRecord } from '../../runtime/bench/record.js';
import { grouped, markdown, milliseconds } from './markdown.js';

/** A record of `infinitile bench --json` as docs/performance.md shows it: its command, where it ran, its tables. */
export function renderMeasurement(record: BenchRecord): string {
  const { command, cases } = record;
  return [
    `    npx ${command}`,
    places(cases),
    tableOf(cases),
    ...(cases.some(({ passes }) => passes !== null) ? [passesTable(cases)] : []),
    ...leftOut(cases),
  ].join('\n\n');
}

function places(cases: readonly CaseRecord[]): string {
  const devices = [...new Set(cases.map(({ device, target }) => `${device}, target \`${target}\``))];
  const rounds = cases.map((record) => record.rounds);
  const [fewest, most] = [Math.min(...rounds), Math.max(...rounds)];
  return `${devices.join('; ')}; medians of ${fewest === most ? fewest : `${fewest} to ${most}`} rounds.`;
}

function tableOf(cases: readonly CaseRecord[]): string {
  if (cases.some(({ ring }) => ring !== undefined)) return ranksTable(cases);
  return cases.some(({ ofFirst }) => ofFirst !== null) ? turnsTable(cases) : timesTable(cases);
}

function ranksTable(cases: readonly CaseRecord[]): string {
  const rows = cases.map((record) => [
    String(record.ring?.ranks ?? 1),
    ...sizes(record),
    ...[record.forwardMs, record.forwardBackwardMs].map(milliseconds),
    record.ofFirst === null ? '' : `${record.ofFirst.wall.toFixed(2)} x`,
    ...[record.forwardDeviceMs, record.forwardBackwardDeviceMs].map(milliseconds),
    ...[record.ring?.bytesForward ?? 0, record.ring?.bytesBackward ?? 0, record.peakExtraBytes].map(formatBytes),
  ]);
  const head = ['ranks', 'N', 'D', 'precision', 'forward, ms', 'forward and backward, ms', 'of one rank', 'rank 0: forward, ms', 'forward and backward, ms', 'a rank sends forward', 'backward', 'beyond inputs and outputs'];
  return markdown(head, rows);
}

function turnsTable(cases: readonly CaseRecord[]): string {
  const rows = cases.map((record) => [
    `\`${record.loss}\``,
    ...sizes(record),
    ...[record.forwardMs, record.forwardBackwardMs, record.forwardBackwardDeviceMs].map(milliseconds),
    record.ofFirst === null ? '' : `${record.ofFirst.device.toFixed(3)} x`,
  ]);
  return markdown(['loss', 'N', 'D', 'precision', 'forward, ms', 'forward and backward, ms', 'of that on the device, ms', 'on the device, of the first'], rows);
}

/** Ours and, below each case, its peers. */
function timesTable(cases: readonly CaseRecord[]): string {
  const rows = cases.flatMap((record) => [
    [
      `Infinitile, \`${record.loss}\``,
      ...sizes(record),
      milliseconds(record.forwardMs),
      milliseconds(record.forwardBackwardMs),
      milliseconds(record.forwardBackwardDeviceMs),
      teraflops(record, record.forwardBackwardMs),
      formatBytes(record.peakBeyondInputsBytes),
      '1',
    ],
    ...Object.entries(record.against ?? {}).flatMap(([version, peer]) => peerRow(record, version, peer)),
  ]);
  const head = ['', 'N', 'D', 'precision', 'forward, ms', 'forward and backward, ms', 'on the device, ms', 'TFLOP/s', 'beyond inputs', 'through ours'];
  return markdown(head, rows);
}

function peerRow(record: CaseRecord, version: string, peer: PeerRecord): readonly (readonly string[])[] {
  if ('absent' in peer) return [];
  const { ms, ratio, peakBeyondInputsBytes: bytes, note } = peer;
  const name = note === null ? version : `${version} (${note})`;
  return [[name, ...sizes(record), '', milliseconds(ms), '', teraflops(record, ms), bytes === null ? '' : formatBytes(bytes), ratio.toFixed(2)]];
}

function passesTable(cases: readonly CaseRecord[]): string {
  const rows = cases.flatMap((record) => {
    const passes = record.passes ?? [];
    const others = passes.filter(({ tflops }) => tflops === null);
    const rest = others.reduce((sum, { ms }) => sum + ms, 0);
    return [
      ...passes.filter(({ tflops }) => tflops !== null).map((pass) => passRow(record, pass)),
      [`the other ${others.length}`, ...sizes(record), milliseconds(rest), '', '', '', '', '', String(others.reduce((sum, { launches }) => sum + launches, 0))],
    ];
  });
  const head = ['pass', 'N', 'D', 'precision', 'ms', 'TFLOP/s', 'of the library’s product', 'registers', 'spilled bytes', 'shared memory', 'launches'];
  return markdown(head, rows);
}

function passRow(record: CaseRecord, { name, ms, tflops, ofProduct, registers, spillBytes, sharedBytes, launches }: PassRecord): readonly string[] {
  const cell = (value: number | null, print: (value: number) => string): string => (value === null ? '' : print(value));
  return [
    `\`${name}\``,
    ...sizes(record),
    milliseconds(ms),
    cell(tflops, (value) => value.toPrecision(3)),
    cell(ofProduct, (value) => `${(100 * value).toFixed(0)} %`),
    cell(registers, String),
    cell(spillBytes, String),
    cell(sharedBytes, formatBytes),
    String(launches),
  ];
}

/** Peers that took no part, and why. */
function leftOut(cases: readonly CaseRecord[]): readonly string[] {
  const reasons = cases.flatMap((record) =>
    Object.entries(record.against ?? {}).flatMap(([version, peer]) => ('absent' in peer ? [`${version} (${peer.absent}), N = ${grouped(record.n)}, D = ${record.dim}`] : [])),
  );
  return reasons.length === 0 ? [] : [`Left out: ${reasons.join('; ')}.`];
}

function sizes({ n, m, dim, precision }: CaseRecord): readonly string[] {
  return [n === m ? grouped(n) : `${grouped(n)} x ${grouped(m)}`, String(dim), precision];
}

function teraflops(record: CaseRecord, ms: number): string {
  return (gflopsOf(record, ms) / 1000).toPrecision(3);
}
