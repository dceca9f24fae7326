import type { Demand, MachineModel } from '../../cost/estimate.js';
import type { Launches } from '../../cost/launches.js';
import { overlapped } from '../../cost/roofline.js';
import type { PairWork } from '../../plan/pair-work.js';
import type { Plan } from '../../plan/plan.js';
import { instructionNamed } from './geometry.js';
import type { CpuMachine } from './machines.js';

/** What a launch of a tiled kernel asks of a CPU. */
export function demand(cpu: CpuMachine, plan: Plan, { kernel: { name }, shape: { rows, cols, workers } }: Launches, machine: MachineModel): Demand | undefined {
  const chunk = { rows, cols, workers };
  switch (name) {
    case 'stats':
      return ofLogits(cpu, plan, { ...chunk, dim: plan.dim, work: plan.work.stats, written: 0 }, machine);
    case 'gradient':
      return ofLogits(cpu, plan, { ...chunk, dim: plan.dim, work: plan.work.gradient, written: 4 }, machine);
    case 'guide':
      return ofLogits(cpu, plan, { ...chunk, dim: plan.guideDim ?? plan.dim, work: { special: 0, operations: 1 }, written: 4 }, machine);
    case 'accumulateQueries':
      return ofProduct(cpu, plan, { rows, length: cols, workers, across: false }, machine);
    case 'accumulateKeys':
      return ofProduct(cpu, plan, { rows: cols, length: rows, workers, across: true }, machine);
    default:
      return undefined;
  }
}

/** Clocks from a multiplication to one that needs its sum; sums that are there hide them. */
const latency = 4;

/** Of a register tile's sums, what clearing, adding up and writing them takes of one clock for each vector. */
const clocksOfVector = 2;

/** Clocks of a step of the micro-kernel: two products a clock, two loads, so many instructions in all, and no sum sooner than its own last. */
function clocksOfStep(cpu: CpuMachine, { tiling: { register } }: Plan): number {
  const vectors = register.cols / cpu.lanes;
  const [products, loads] = [register.rows * vectors, register.rows + vectors];
  return overlapped([products / 2, loads / 2, (products + loads + instructionsOfLoop) / issued, latency], coreSharpness);
}

/** Instructions that a core starts in a clock, and those of a loop around the products. */
const issued = 5;
const instructionsOfLoop = 3;

/** A core's units are not as independent as a GPU's: two that are busy all the time take a fifth longer than either. */
const coreSharpness = 4;

/** Of what comes from beyond L1, the share that a core waits for: the rest is there in time. */
const waitedFor = 0.3;

interface Logits {
  readonly rows: number;
  readonly cols: number;
  readonly workers: number;
  readonly dim: number;
  readonly work: PairWork;
  /** Bytes to memory, of each logit. */
  readonly written: number;
}

function ofLogits(cpu: CpuMachine, plan: Plan, { rows, cols, workers, dim, work, written }: Logits, machine: MachineModel): Demand {
  const { block, register, instruction } = plan.tiling;
  const { step } = instructionNamed(cpu, instruction.name);
  const steps = Math.ceil(dim / step);
  const { capacity } = machine;
  const { l1 = 0, l3 = 0 } = capacity;
  const blocks = Math.ceil(rows / block.rows) * Math.ceil(cols / block.cols);
  // Of the thread with the most: in whole blocks where there are few, else by how many there are.
  const share = blocks < workers * manyBlocks ? Math.ceil(blocks / workers) / blocks : 1 / workers;
  const tiles = Math.ceil(rows / register.rows) * Math.ceil(cols / register.cols) * share;
  const vectors = (register.rows * register.cols) / cpu.lanes;
  const pieces = Math.ceil(dim / block.depth);

  const product = steps * clocksOfStep(cpu, plan) + pieces * vectors * clocksOfVector;
  const functions = (register.rows * register.cols * work.special) / machine.specialPerClock + (register.rows * register.cols * work.operations) / machine.operationsPerClock;
  // A panel of keys is met again by every tile below: in L1 where it fits there beside the queries that pass.
  const [queryPanel, keyPanel] = [4 * register.rows * steps, 4 * register.cols * steps];
  const keysStay = queryPanel + keyPanel <= l1;
  const fromL2 = queryPanel + (keysStay ? 0 : keyPanel);
  // A block's queries are met again by every panel of keys: in L2, where they fit there beside a panel.
  const blockQueries = 4 * Math.min(block.rows, rows) * steps;
  const queriesStay = blockQueries + 2 * keyPanel <= capacity.l2;
  const keyBytes = 4 * cols * steps * Math.ceil(rows / block.rows);
  const queryBytes = 4 * rows * steps * (queriesStay ? Math.ceil(cols / block.cols) : Math.ceil(cols / register.cols));
  const brought = keyBytes + queryBytes;
  const operandsFit = 4 * (rows + cols) * steps + written * rows * cols <= l3;
  const output = written * rows * cols;
  return demandOf({ clocks: { product: tiles * product, functions: tiles * functions }, l1: tiles * (queryPanel + keyPanel), l2: tiles * fromL2, brought, memory: operandsFit ? 0 : output + 4 * (rows + cols) * steps, flops: 2 * rows * cols * dim }, workers, machine);
}

/** So many for each thread, and no thread waits long for another's last. */
const manyBlocks = 16;

interface Product {
  /** Of the output, and of what is summed. */
  readonly rows: number;
  readonly length: number;
  readonly workers: number;
  /** Whether G is read down its columns, which are copied before. */
  readonly across: boolean;
}

function ofProduct(cpu: CpuMachine, plan: Plan, { rows, length, workers, across }: Product, machine: MachineModel): Demand {
  const { block, register } = plan.tiling;
  const { l1 = 0, l2, l3 = 0 } = machine.capacity;
  const dimPanels = Math.ceil(plan.dim / register.cols);
  const pieces = Math.ceil(length / block.depth);
  const depth = Math.min(block.depth, length);
  const tiles = (Math.ceil(rows / register.rows) * dimPanels * pieces) / workers;
  const vectors = (register.rows * register.cols) / cpu.lanes;
  const product = depth * clocksOfStep(cpu, plan) + 2 * vectors * clocksOfVector;
  const copied = across ? (Math.ceil(rows / register.rows) * pieces * depth * register.rows) / workers / cpu.lanes : 0;
  // Panels of the other operand stay in L2 while rows of G pass by; those rows are in L1 for all panels.
  const [gradientPanel, panel] = [4 * register.rows * depth, 4 * register.cols * depth];
  const fromL2 = panel + (gradientPanel + panel <= l1 ? 0 : gradientPanel) + 8 * register.rows * register.cols;
  const groups = Math.ceil(dimPanels / Math.max(1, Math.floor(l2 / 2 / panel)));
  const gradient = 4 * rows * length;
  const vectorBytes = 4 * length * plan.dim * Math.ceil(rows / Math.max(block.rows, 1));
  const output = 8 * rows * plan.dim * pieces;
  const brought = gradient * groups + vectorBytes + output;
  return demandOf({ clocks: { product: tiles * product + copied, functions: 0 }, l1: tiles * (gradientPanel + panel), l2: tiles * fromL2, brought, memory: gradient <= l3 / 2 ? 0 : gradient * groups, flops: 2 * rows * length * plan.dim }, workers, machine);
}

interface Needs {
  /** Of the thread with the most: products, then what is done to them, in turn. */
  readonly clocks: { readonly product: number; readonly functions: number };
  /** Bytes that it takes from L1 and from L2. */
  readonly l1: number;
  readonly l2: number;
  /** Bytes of all threads that come from beyond L2, and of those from memory. */
  readonly brought: number;
  readonly memory: number;
  readonly flops: number;
}

function demandOf({ clocks, l1, l2, brought, memory, flops }: Needs, workers: number, machine: MachineModel): Demand {
  const used = Math.min(1, workers / machine.workers);
  const { clock, sharedBytesPerClock, l2Bytes, l3Bytes = machine.memoryBytes, memoryBytes } = machine;
  const fromL2 = l2 / (l2Bytes / machine.workers);
  const fromMemory = Math.max(0, brought - memory) / (l3Bytes * used) + memory / (memoryBytes * used);
  return {
    on: { arithmetic: clocks.product / clock, L1: l1 / sharedBytesPerClock / clock, L2: fromL2, memory: fromMemory },
    exposed: clocks.functions / clock + waitedFor * (fromL2 + fromMemory),
    flops,
    bytes: memory,
  };
}
