import { formatBytes } from '../../../codegen/plan/print.js';
import type { BySide } from '../../kernel.js';
import type { Recall } from '../../retrieval-metrics.js';
import type { Parameters } from '../../scalars.js';
import type { Communicator } from '../../transport/communicator.js';
import { facts, formatMilliseconds, formatNumber, formatRate } from '../report.js';
import type { Summary } from './take.js';

/** What `--json` prints and `result.json` holds: of all ranks together. */
export interface RunReport {
  readonly name: string;
  readonly target: string;
  readonly device: string;
  readonly tiling: string;
  readonly precision: string;
  readonly softmax: string;
  readonly n: number;
  readonly m: number;
  readonly dim: number;
  readonly params: Parameters;
  readonly loss: number;
  readonly gradients: { readonly params: Parameters; readonly queriesNorm: number; readonly keysNorm?: number } | null;
  readonly lse: { readonly rows: Summary | null; readonly cols: Summary | null } | null;
  /** Of what each row (column) adds to the loss, with `--per-row`. */
  readonly perRow?: BySide<Summary>;
  /** In-batch retrieval, with `--metrics`. */
  readonly metrics?: BySide<Recall>;
  readonly seconds: number;
  readonly pairsPerSecond: number;
  readonly gflops: number;
  /** Of the rank with the most. */
  readonly workspaceBytes: number;
  readonly denseBytes: number;
  /** Where there are several ranks. */
  readonly ring?: RingReport;
}

/** What the ranks sent to each other, all together. */
export interface RingReport extends Pick<Communicator, 'ranks' | 'nodes' | 'transport'> {
  readonly bytesForward: number;
  readonly bytesBackward: number;
}

export function printReport(report: RunReport): string {
  const { gradients, lse, ring } = report;
  return facts([
    ['loss', `${formatNumber(report.loss)}   (${report.name}, N ${report.n}, M ${report.m}, D ${report.dim}, ${report.precision})`],
    ...(gradients === null
      ? []
      : ([
          ...Object.entries(gradients.params).map(([name, value]) => [`d ${name}`, formatNumber(value)] as const),
          ['|dQ|', formatNumber(gradients.queriesNorm)],
          ...(gradients.keysNorm === undefined ? [] : [['|dK|', formatNumber(gradients.keysNorm)] as const]),
        ] as const)),
    ...range('row lse', lse?.rows),
    ...range('column lse', lse?.cols),
    ...range('row loss', report.perRow?.rows),
    ...range('column loss', report.perRow?.cols),
    ...recall('rows find', report.metrics?.rows),
    ...recall('columns find', report.metrics?.cols),
    ['time', `${formatMilliseconds(report.seconds * 1000)}, ${formatRate(report.pairsPerSecond)} pairs/s, ${formatNumber(Math.round(report.gflops))} GFLOP/s`],
    ['workspace', `${formatBytes(report.workspaceBytes)}${ring === undefined ? '' : ' a rank'}; the dense matrix would take ${formatBytes(report.denseBytes)}`],
    ...(ring === undefined ? [] : [['ring', printRing(ring)] as const]),
    ['ran on', `${report.device}, target ${report.target}, tiling ${report.tiling}, softmax ${report.softmax}`],
  ]);
}

function printRing({ ranks, nodes, transport, bytesForward, bytesBackward }: RingReport): string {
  const sent = `${formatBytes(bytesForward)} sent forward${bytesBackward === 0 ? '' : `, ${formatBytes(bytesBackward)} backward`}`;
  return `${ranks} ranks on ${nodes} ${nodes === 1 ? 'node' : 'nodes'}, transport ${transport}; ${sent}`;
}

function range(name: string, summary: Summary | null | undefined): readonly (readonly [string, string])[] {
  if (summary === null || summary === undefined) return [];
  const { min, mean, max } = summary;
  return [[name, `${formatNumber(min)} .. ${formatNumber(max)}, mean ${formatNumber(mean)}`]];
}

function recall(name: string, found: Recall | undefined): readonly (readonly [string, string])[] {
  if (found === undefined) return [];
  const share = (value: number): string => `${(100 * value).toFixed(1)} %`;
  return [[name, `their positives first ${share(found.recallAt1)}, among five ${share(found.recallAt5)}, among ten ${share(found.recallAt10)}`]];
}
