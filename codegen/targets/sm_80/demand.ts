import type { Demand, MachineModel } from '../../cost/estimate.js';
import type { Launches } from '../../cost/launches.js';
import type { PairWork } from '../../plan/pair-work.js';
import type { Plan } from '../../plan/plan.js';
import type { ResolvedBlock } from '../../plan/problem.js';
import { guideDimOf, guideLayout, operandLayout, segments } from '../cuda/layout.js';
import { accumulateBlock, registersOf, threadsOf } from './geometry.js';
import { instruction, limits } from './limits.js';

/** What a launch of a tiled kernel asks of a GPU. */
export function demand(plan: Plan, { kernel, shape: { rows, cols, workers } }: Launches, machine: MachineModel): Demand | undefined {
  const { block } = plan.tiling;
  const { planes, gradientPlanes } = operandLayout(plan);
  const logits = (work: PairWork, written: number, layout = operandLayout(plan), depth = plan.dim): Demand =>
    ofTiles(plan, { block, rows, cols, depth: segments(layout.planes, layout.planes).length * layout.depthPadded, work, written, flops: 2 * rows * cols * depth, sharedBytes: kernel.sharedBytes, workers }, machine);
  const product = (outputRows: number, length: number): Demand =>
    ofTiles(plan, { block: accumulateBlock(plan, plan.tiling), rows: outputRows, cols: plan.dim, depth: segments(gradientPlanes, Math.min(planes, 2)).length * length, work: addition, written: 8, flops: 2 * outputRows * length * plan.dim, sharedBytes: kernel.sharedBytes, workers }, machine);
  switch (kernel.name) {
    case 'stats':
      return logits(plan.work.stats, 0);
    case 'gradient':
      return logits(plan.work.gradient, 2 * gradientPlanes);
    case 'guide':
      return logits(addition, 4, guideLayout(plan), guideDimOf(plan));
    case 'accumulateQueries':
      return product(rows, cols);
    case 'accumulateKeys':
      return product(cols, rows);
    default:
      return undefined;
  }
}

const addition: PairWork = { special: 0, operations: 1 };

/** A product in tiles, and what becomes of each number of it. */
interface Tiles {
  readonly block: ResolvedBlock;
  readonly rows: number;
  readonly cols: number;
  /** All that is summed, products of planes one after the other. */
  readonly depth: number;
  readonly work: PairWork;
  /** Bytes to memory, of each number. */
  readonly written: number;
  readonly flops: number;
  readonly sharedBytes: number;
  readonly workers: number;
}

function ofTiles({ tiling: { register } }: Plan, { block, rows, cols, depth, work, written, flops, sharedBytes, workers }: Tiles, machine: MachineModel): Demand {
  const threads = threadsOf(block, register);
  const together = Math.max(1, Math.min(Math.floor(limits.sharedBytes / sharedBytes), Math.floor(limits.registersPerBlock / (threads * registersOf(register))), Math.floor(mostThreads / threads)));
  const [rowTiles, colTiles] = [Math.ceil(rows / block.rows), Math.ceil(cols / block.cols)];
  // Of a multiprocessor: it works on as many blocks at a time as it holds.
  const tiles = Math.ceil((rowTiles * colTiles) / workers);
  const numbers = block.rows * block.cols;
  const steps = Math.ceil(depth / block.depth);

  // Clocks of one tile.
  const product = (numbers * block.depth * steps) / machine.macsPerClock;
  const warps = threads / 32;
  const operand = 2 * (block.rows + block.cols) * block.depth * steps;
  const read = warps * 2 * (register.rows + register.cols) * block.depth * steps;
  const shared = (read + operand + 8 * numbers) / machine.sharedBytesPerClock;
  const functions = Math.max((numbers * work.special) / machine.specialPerClock, (numbers * work.operations) / machine.operationsPerClock);
  // A warp's instructions wait for each other: few warps do not fill the tensor cores.
  const filled = Math.min(1, (together * warps * (register.rows / instruction.rows) * (register.cols / instruction.cols)) / instructionsInFlight);
  const busyWorkers = Math.min(workers, rowTiles * colTiles);
  const copied = Math.max((operand * busyWorkers) / (machine.l2Bytes / machine.clock), (steps * machine.latencySeconds * machine.clock) / ((block.stages - 1) * together));

  const seconds = (clocks: number): number => clocks / machine.clock;
  const bytes = memoryBytes({ rows, cols, depth, group: block.group * block.rows, held: machine.capacity.l2 / 2 }) + written * rows * cols;
  const alone = functions + (8 * numbers) / machine.sharedBytesPerClock;
  return {
    on: {
      arithmetic: seconds((tiles * product) / filled),
      'special functions': seconds(tiles * functions),
      'shared memory': seconds(tiles * shared),
      L2: seconds(tiles * copied),
      memory: bytes / machine.memoryBytes,
    },
    // A block's own sums are worked on while another block multiplies, where there is one.
    exposed: machine.latencySeconds + seconds(alone * (together === 1 ? tiles : 1)),
    flops,
    bytes,
  };
}

const mostThreads = 2048;

/** Instructions that keep a multiprocessor's tensor cores busy while each waits for its sums. */
const instructionsInFlight = 64;

/** Operands that L2 does not hold come anew for every group of row tiles. */
function memoryBytes({ rows, cols, depth, group, held }: { readonly rows: number; readonly cols: number; readonly depth: number; readonly group: number; readonly held: number }): number {
  const [a, b] = [2 * rows * depth, 2 * cols * depth];
  const walks = b <= held ? 1 : Math.ceil(rows / group);
  return a + b * walks;
}
