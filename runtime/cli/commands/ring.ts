import { Command, InvalidArgumentError, Option } from 'commander';
import type { Cluster } from '../../../codegen/ring/cluster.js';
import { drawTimeline } from '../../../codegen/ring/draw.js';
import { largestRing, layOut, splitEvenly } from '../../../codegen/ring/layout.js';
import { lower } from '../../../codegen/ring/lower.js';
import { passes } from '../../../codegen/ring/schedule.js';
import { simulatedTimeline } from '../../../codegen/ring/simulate.js';
import { stepTimeline } from '../../../codegen/ring/timeline.js';
import { InfinitileError } from '../../../dsl/diagnostics/index.js';
import type { Precision } from '../../../dsl/problem.js';
import { writeText } from '../../tensor/write-text.js';
import { MistakesTold } from '../failure.js';
import { countOption, jsonOption, precisionOption } from '../options.js';
import { parseCount } from '../parse.js';
import { readCluster } from '../ring/cluster-file.js';
import { factsOf, type RingFacts } from '../ring/facts.js';
import { printOneRank, printRing, printTimeline, widestTimeline } from '../ring/print.js';
import type { Terminal } from '../terminal.js';

interface RingFlags {
  readonly ranks: number;
  readonly nodes: number;
  readonly inFlight: number;
  readonly n: number;
  readonly m?: number;
  readonly dim: number;
  readonly precision: Precision;
  readonly svg?: string;
  readonly simulate?: string;
  readonly rank?: number;
  readonly json?: true;
}

/** What `--json` prints. */
export interface RingReport {
  readonly ranks: number;
  readonly nodes: number;
  /** Of each pass. */
  readonly steps: number;
  /** Null where the ring is too large to be proved by the command. */
  readonly verified: boolean | null;
  /** Bytes that the largest shard takes from one rank to the next. */
  readonly bytesPerHopForward: number;
  readonly bytesPerHopBackward: number;
  /** Of the columns' finished sums, that keys bring in the backward pass beside them. */
  readonly bytesPerHopFinishedSums: number;
  /** Null without `--simulate`. */
  readonly efficiency: number | null;
}

/** Lanes of more ranks are too thin to be read. */
const tallestDrawing = 64;

export function ringCommand(terminal: Terminal): Command {
  return new Command('ring')
    .summary('show how ranks share a loss: who sends what to whom, and what it costs')
    .description('Show how ranks share a loss: what each computes, sends and merges in each step, the proof that it is right, and its cost. Nothing is run.')
    .addOption(new Option('--ranks <count>', 'how many share the work').argParser(parseRanks).makeOptionMandatory())
    .addOption(countOption('--nodes <count>', 'nodes that they are on, equally many on each').default(1))
    .addOption(countOption('--in-flight <count>', 'shards of keys that a rank has room for beside its own').default(2))
    .addOption(countOption('--n <rows>', 'queries, of all ranks together').default(65536))
    .addOption(countOption('--m <rows>', 'keys (default: as many)'))
    .addOption(countOption('--dim <count>', 'numbers in an embedding').default(512))
    .addOption(precisionOption().default('f32'))
    .option('--simulate <file>', 'price it on a cluster: links, flops, overlap, as JSON')
    .option('--svg <file>', 'draw the timeline of each rank: in steps, or with --simulate in seconds')
    .addOption(new Option('--rank <number>', 'print all that this rank does, with its buffers, in place of the timeline').argParser(parseRank))
    .addOption(jsonOption())
    .action((flags: RingFlags) => ring(flags, terminal));
}

/** Before shards are made: there are as many as ranks. */
function parseRanks(text: string): number {
  const ranks = parseCount(text);
  if (ranks > largestRing) throw new InvalidArgumentError(`A ring has 1 to ${largestRing} ranks.`);
  return ranks;
}

/** Ranks are numbered from 0. */
function parseRank(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('Ranks are numbered from 0.');
  return Number(text);
}

async function ring(flags: RingFlags, terminal: Terminal): Promise<void> {
  const { ranks, nodes, inFlight, n, m = n, dim, precision } = flags;
  const cluster = flags.simulate === undefined ? undefined : await readCluster(flags.simulate);
  const laidOut = layOut({ ranks, nodes, inFlight, rows: splitEvenly(n, ranks), cols: splitEvenly(m, ranks) });
  if (flags.rank !== undefined && flags.rank >= ranks) {
    throw new InfinitileError({ code: 'INF8004', message: `--rank ${flags.rank} is not one of ${ranks} ranks`, hint: `they are numbered from 0 to ${ranks - 1}` });
  }
  if (flags.rank !== undefined && flags.json === true) {
    throw new InfinitileError({ code: 'INF8004', message: '--rank says nothing about --json', hint: 'leave one of them out' });
  }
  if (flags.svg !== undefined && ranks > tallestDrawing) {
    throw new InfinitileError({ code: 'INF8004', message: `--svg draws up to ${tallestDrawing} ranks, not ${ranks}`, hint: 'a smaller ring has the same steps' });
  }
  const known = factsOf(laidOut, { dim, precision }, cluster);
  if (flags.svg !== undefined) await writeText(flags.svg, drawing(known, cluster));
  terminal.out(flags.json === true ? `${JSON.stringify(reportOf(known))}\n` : textOf(known, flags.rank));
  // A schedule that does not hold is told with its mistakes; the command has not done what it was asked for.
  if (isVerified(known) === false) throw new MistakesTold();
}

function textOf(known: RingFacts, rank: number | undefined): string {
  const { ring: laidOut } = known;
  if (rank !== undefined) return `${printRing(known)}\n${printOneRank(laidOut, rank)}`;
  if (laidOut.ranks > widestTimeline) return printRing(known);
  return [printRing(known), ...passes.map((pass) => printTimeline(lower(laidOut, pass)))].join('\n');
}

function drawing({ ring: laidOut, costs }: RingFacts, cluster: Cluster | undefined): string {
  const drawn = passes.map((pass) => ({ pass, spans: cluster === undefined ? stepTimeline(laidOut, pass) : simulatedTimeline(laidOut, pass, costs, cluster) }));
  return drawTimeline(laidOut, drawn, cluster === undefined ? { scale: 1, unit: 'steps' } : { scale: 1000, unit: 'ms' });
}

function reportOf(known: RingFacts): RingReport {
  const { ring: laidOut, steps, hopBytes, finishedSums, simulation } = known;
  return {
    ranks: laidOut.ranks,
    nodes: laidOut.nodes,
    steps,
    verified: isVerified(known),
    bytesPerHopForward: hopBytes.forward,
    bytesPerHopBackward: hopBytes.backward,
    bytesPerHopFinishedSums: finishedSums.hopBytes,
    efficiency: simulation?.efficiency ?? null,
  };
}

function isVerified({ verification }: RingFacts): boolean | null {
  return verification === undefined ? null : passes.every((pass) => verification[pass].verified);
}
