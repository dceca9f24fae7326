import type { Demand, MachineModel } from '../../cost/estimate.js';
import type { Launches } from '../../cost/launches.js';
import type { Plan } from '../../plan/plan.js';
import type { PassTiling, SimilarityTiling } from '../../plan/problem.js';
import { operandLayout, segments } from '../cuda/layout.js';
import { consumers, instruction, swizzleElements } from './limits.js';
import { boxCols, isAbreast, isTogether, passesOf, rowBytes, sharers, stepsOfPass, type SimilarityPass } from './passes.js';

/** What a launch of a tiled kernel asks of a GPU. */
export function demand(plan: Plan, { kernel: { name }, shape: { rows, cols, workers } }: Launches, machine: MachineModel): Demand | undefined {
  const passes = passesOf(plan.tiling);
  const chunk = { rows, cols, workers };
  switch (name) {
    case 'stats':
    case 'gradient':
      return ofLogits(plan, name, passes[name], chunk, machine);
    case 'weights':
      return ofLogits(plan, 'gradient', passes.gradient, chunk, machine);
    case 'guide':
      return passes.guide === undefined ? undefined : ofLogits(plan, 'guide', passes.guide, chunk, machine);
    case 'accumulate':
      return ofProducts(plan, passes.accumulate, [{ rows, length: cols }, { rows: cols, length: rows }], workers, machine);
    case 'accumulateQueries':
      return ofProducts(plan, passes.accumulate, [{ rows, length: cols }], workers, machine);
    case 'accumulateKeys':
      return ofProducts(plan, passes.accumulate, [{ rows: cols, length: rows }], workers, machine);
    default:
      return undefined;
  }
}

interface Chunk {
  readonly rows: number;
  readonly cols: number;
  readonly workers: number;
}

/** Instructions of a k-step. */
const instructionsOfStep = swizzleElements / instruction.depth;

/** Of G, how often a number passes shared memory: it is written and read, both at half the rate, since a warp has boxes of 16 rows. */
const passesOfOutput = 4;

/** Clocks from one tile's last product to the next one's first: barriers, and products that are waited for. */
const handover = 150;

/** Of G, bytes that a block writes in a clock in boxes half as wide as a line of memory: the copy engine's rows, and half-filled lines. As measured. */
const narrowBytesPerClock = 3.5;

/** A consumer with more columns than these works on its logits several times as long. As measured. */
const [usualColumns, wideFactor] = [128, 4];

/** Sums that a block adds to memory in a clock, as the L2 cache takes them. */
const addedBytesPerClock = 32;

function ofLogits(plan: Plan, pass: SimilarityPass, tile: SimilarityTiling, chunk: Chunk, machine: MachineModel): Demand {
  const steps = stepsOfPass(plan, pass);
  const { special, operations } = pass === 'guide' ? { special: 0, operations: 1 } : plan.work[pass];
  const planes = pass === 'gradient' ? operandLayout(plan).gradientPlanes : 0;
  const share = shareOf(plan, pass, tile, chunk);
  const logits = tile.rows * tile.cols;
  const streamed = steps - tile.residentSteps;

  // Clocks of one tile of a block.
  const product = (logits * swizzleElements * steps) / machine.macsPerClock;
  const read = steps * instructionsOfStep * operandBytes(tile.rows / instruction.rows, tile.groupCols) * (isTogether(tile) ? consumers : 1);
  const filled = rowBytes * (tile.rows * steps + tile.cols * streamed);
  const shared = (read + filled + (pass === 'guide' ? 0 : passesOfOutput * 2 * planes * logits)) / machine.sharedBytesPerClock;
  const wide = tile.groupCols > usualColumns ? wideFactor : 1;
  const functions = wide * Math.max((logits * special) / machine.specialPerClock, (logits * operations) / machine.operationsPerClock);

  // What is copied comes through the L2 cache: at its rate, and no sooner than the stages in flight allow.
  const [queryBytes, keyBytes] = [rowBytes * tile.rows * steps, rowBytes * tile.cols * streamed];
  const fromL2 = isTogether(tile) ? queryBytes + keyBytes / tile.cluster : queryBytes / tile.cluster + keyBytes;
  const waited = latencyClocks(tile, machine) * stagesWaited(tile, steps, streamed);
  const written = boxCols(tile) < swizzleElements ? (2 * planes * logits) / narrowBytesPerClock : 0;
  const copied = Math.max((fromL2 * share.blocks) / (machine.l2Bytes / machine.clock), waited, written);

  const seconds = (clocks: number): number => clocks / machine.clock;
  const { tiles } = share;
  // Consumers that share a tile work on its logits while nothing multiplies; of those in turns, only after the last tile.
  const alone = functions * (isTogether(tile) ? tiles : 1);
  const panel = (rowBytes * tile.cols * tile.residentSteps * share.panels) / (machine.l2Bytes / machine.clock / chunk.workers);
  const bytes = memoryBytesOf(plan, pass, tile, chunk, share, machine);
  return {
    on: {
      arithmetic: seconds(tiles * product),
      'special functions': seconds(tiles * functions),
      'shared memory': seconds(tiles * shared),
      L2: seconds(tiles * copied),
      memory: bytes / machine.memoryBytes,
    },
    exposed: machine.latencySeconds + seconds(alone + panel + tiles * handover),
    flops: 2 * chunk.rows * chunk.cols * depthOf(plan, pass),
    bytes,
  };
}

/** What two operands of an instruction's products take of shared memory, of so many products below each other. */
function operandBytes(products: number, cols: number): number {
  return products * 2 * instruction.depth * (instruction.rows + cols);
}

/**
 * Of a tile's stages, how many latencies follow each other: as many copies are on their way as there are stages which nobody reads. Of
 * consumers in turns, each reads a k-step, and the one whose turn begins the next already; keys that stream take a stage of their own.
 */
function stagesWaited(tile: SimilarityTiling, steps: number, streamed: number): number {
  const onTheirWay = (read: number): number => Math.max(1, tile.stages - read);
  if (isTogether(tile)) return steps / onTheirWay(1);
  return (steps - streamed) / onTheirWay(2) + (2 * streamed) / onTheirWay(3);
}

/** A stage that a cluster fills is free when all its blocks have read it. */
function latencyClocks({ cluster }: PassTiling, { latencySeconds, clock }: MachineModel): number {
  return latencySeconds * clock * (cluster > 1 ? 1.2 : 1);
}

function depthOf({ dim, guideDim = dim }: Plan, pass: SimilarityPass): number {
  return pass === 'guide' ? guideDim : dim;
}

/** What of a chunk's tiles the block with the most has, and the panels that they lie in; and how many blocks there are. */
interface Share {
  readonly tiles: number;
  readonly panels: number;
  readonly blocks: number;
  readonly abreast: boolean;
}

/** As templates/sm_90a/_walk.hbs shares them out. */
function shareOf(plan: Plan, pass: SimilarityPass, tile: SimilarityTiling, { rows, cols, workers }: Chunk): Share {
  const rowSteps = Math.ceil(rows / (tile.rows * sharers(tile)));
  const panelSteps = Math.ceil(cols / (tile.cols * (tile.cluster / sharers(tile))));
  const clusters = Math.min(Math.max(1, Math.floor(workers / tile.cluster)), rowSteps * panelSteps);
  const abreast = isAbreast(plan, pass, tile);
  const left = panelSteps % clusters;
  const rounds = abreast ? Math.max(0, Math.floor(panelSteps / clusters) + (tile.panel !== 'resident' && 10 * left >= 9 * clusters ? 1 : left === 0 || 2 * left >= clusters ? 0 : -1)) : 0;
  const inLine = Math.ceil((Math.max(0, panelSteps - rounds * clusters) * rowSteps) / clusters);
  const tiles = rounds * rowSteps + inLine;
  return { tiles, panels: rounds + Math.ceil(inLine / rowSteps), blocks: clusters * tile.cluster, abreast };
}

/** Queries that the L2 cache does not hold come anew for every panel, or, of blocks that go down theirs abreast, once a round. */
function memoryBytesOf(plan: Plan, pass: SimilarityPass, tile: SimilarityTiling, { rows, cols }: Chunk, share: Share, { capacity }: MachineModel): number {
  const { planes, depthPadded } = operandLayout({ ...plan, dim: depthOf(plan, pass) });
  const vector = 2 * planes * depthPadded;
  const held = Math.min(1, capacity.l2 / 2 / (rows * vector));
  const walks = Math.max(1, held === 1 ? 1 : share.abreast ? share.panels : Math.ceil(cols / tile.cols) * (1 - held));
  const written = pass === 'gradient' ? gradientBytes(plan, rows, cols, capacity.l2) : pass === 'guide' ? 4 * rows * cols : 0;
  return vector * (rows * walks + cols) + written;
}

/** G, once; nothing where it stays in the L2 cache until it is read. */
function gradientBytes(plan: Plan, rows: number, cols: number, l2: number): number {
  const bytes = 2 * operandLayout(plan).gradientPlanes * rows * cols;
  return Math.max(0, bytes - l2 / 2);
}

interface Product {
  /** Of the output, and of what is summed. */
  readonly rows: number;
  readonly length: number;
}

function ofProducts(plan: Plan, tile: PassTiling, products: readonly Product[], workers: number, machine: MachineModel): Demand {
  const { planes, gradientPlanes, depthPadded } = operandLayout(plan);
  const terms = segments(gradientPlanes, Math.min(planes, 2)).length;
  const colTiles = Math.ceil(plan.dim / tile.cols);
  const clusters = Math.max(1, Math.floor(workers / tile.cluster));
  const sized = products.map(({ rows, length }) => ({ tiles: Math.ceil(rows / (tile.rows * tile.cluster)) * colTiles, steps: terms * Math.ceil(length / swizzleElements) }));
  const { steps, tiles } = busiest(sized, clusters);

  // Clocks of one k-step of a block: each consumer has the rows of one instruction.
  const product = (tile.rows * tile.cols * swizzleElements) / machine.macsPerClock;
  const shared = (instructionsOfStep * consumers * operandBytes(tile.rows / consumers / instruction.rows, tile.cols) + rowBytes * (tile.rows + tile.cols)) / machine.sharedBytesPerClock;
  const fromL2 = rowBytes * (tile.rows + tile.cols / tile.cluster);
  const copied = Math.max((fromL2 * Math.min(workers, clusters * tile.cluster)) / (machine.l2Bytes / machine.clock), latencyClocks(tile, machine) / Math.max(1, tile.stages - 1));

  const seconds = (clocks: number): number => clocks / machine.clock;
  const gradient = products.reduce((sum, { rows, length }) => sum + gradientBytes(plan, rows, length, machine.capacity.l2), 0);
  const vectors = products.reduce((sum, { rows, length }, i) => sum + 2 * Math.min(planes, 2) * depthPadded * length * Math.max(1, (sized[i]?.tiles ?? 0) / clusters / colTiles) + 8 * plan.dim * rows, 0);
  const bytes = gradient + vectors;
  const added = (4 * tile.rows * tile.cols) / addedBytesPerClock;
  return {
    on: { arithmetic: seconds(steps * product), 'shared memory': seconds(steps * shared), L2: seconds(steps * copied), memory: bytes / machine.memoryBytes },
    exposed: machine.latencySeconds + seconds(tiles * added),
    flops: products.reduce((sum, { rows, length }) => sum + 2 * rows * length * plan.dim, 0),
    bytes,
  };
}

interface SizedProduct {
  readonly tiles: number;
  readonly steps: number;
}

/** K-steps and tiles of the cluster with the most, as templates/sm_90a/accumulate.hbs shares out one product's tiles, then the other's. */
function busiest([first, second = { tiles: 0, steps: 1 }]: readonly SizedProduct[], clusters: number): { readonly steps: number; readonly tiles: number } {
  if (first === undefined) return { steps: 0, tiles: 0 };
  const busy = first.tiles % clusters;
  const free = busy === 0 ? 0 : clusters - busy;
  const early = free === 0 ? 0 : Math.min(Math.floor(first.steps / second.steps), Math.ceil(second.tiles / free));
  const left = Math.max(0, second.tiles - free * early);
  const shares = [
    ...(free > 0 ? [{ own: Math.floor(first.tiles / clusters), others: early + Math.ceil(left / clusters) }] : []),
    { own: Math.ceil(first.tiles / clusters), others: Math.ceil(Math.max(0, left - free) / clusters) },
  ].map(({ own, others }) => ({ steps: own * first.steps + others * second.steps, tiles: own + others }));
  return shares.reduce((most, share) => (share.steps > most.steps ? share : most));
}
