import type { Problem, ResolvedTiling } from '../target.js';
import type { CpuInstruction, CpuMachine } from './machines.js';

/** Numbers that follow from a problem and its tiling, for the buffers' sizes and for the templates. */
export interface Geometry {
  /** Steps of the micro-kernel for D elements, and for one piece of them. */
  readonly steps: number;
  readonly pieceSteps: number;
  /** Columns of a panel of G: whole register tiles, whichever way they lie. */
  readonly panel: number;
  /** D in whole register tiles. */
  readonly paddedDim: number;
  /** Panels of an operand, `block.depth` rows high, that the accumulating products keep in L2. */
  readonly panelsInCache: number;
}

export function geometry(machine: CpuMachine, { dim }: Problem, { block, register, instruction }: ResolvedTiling): Geometry {
  const { step } = instructionNamed(machine, instruction.name);
  const panelBytes = block.depth * register.cols * 4;
  const dimPanels = Math.ceil(dim / register.cols);
  const fitting = Math.max(1, Math.floor(machine.l2Bytes / 2 / panelBytes));
  return {
    steps: Math.ceil(dim / step),
    pieceSteps: Math.ceil(block.depth / step),
    panel: leastCommonMultiple(register.rows, register.cols),
    paddedDim: dimPanels * register.cols,
    panelsInCache: Math.ceil(dimPanels / Math.ceil(dimPanels / fitting)),
  };
}

/** Of the guide's embeddings, which have a depth of their own. */
export function guideGeometry(machine: CpuMachine, problem: Problem, tiling: ResolvedTiling): Geometry {
  return geometry(machine, ofGuide(problem), tiling);
}

/** The problem of the guide's inner products alone. */
export function ofGuide(problem: Problem): Problem {
  return { ...problem, dim: problem.guideDim ?? problem.dim };
}

export function instructionNamed(machine: CpuMachine, name: string): CpuInstruction {
  const found = machine.instructions.find((instruction) => instruction.name === name);
  if (found === undefined) throw new Error(`${machine.name} has no instruction '${name}'`);
  return found;
}

export function leastCommonMultiple(a: number, b: number): number {
  let multiple = a;
  while (multiple % b !== 0) multiple += a;
  return multiple;
}
