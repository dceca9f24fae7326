import type { Program } from '../../compile.js';
import { pairWeight } from '../../emit/derivatives.js';
import { lossHeader } from '../../emit/header.js';
import { buffersOf } from '../../plan/bind.js';
import { elementBytes, type Buffer, type Plan, type Step } from '../../plan/plan.js';
import type { Problem } from '../../plan/problem.js';
import { printTiling } from '../../plan/tiling.js';
import { writeDouble } from './doubles.js';
import { pieceAtHand, wholeMatrix, writeExtent } from './extents.js';
import { memberName, snakeCase } from './names.js';
import { partBuffers, ringContext, ringRole, ringWalkSteps } from './ring.js';
import { bufferName, WalkWriter } from './walk.js';

export interface PlanOptions {
  readonly problem: Problem;
  /** What the plan's names begin with: target and softmax. */
  readonly id: string;
  readonly prefix: string;
  /** Of a kernel: the host function, or its place among the kernels of a GPU's target. */
  readonly symbolOf: (kernel: string) => string;
  readonly placeOf: (kernel: string) => number;
  readonly host: boolean;
  /** Buffers that the caller gives, or that lie elsewhere. */
  readonly given: (buffer: Buffer) => boolean;
}

/** What `plan.h.hbs` is given: a plan with its symbols open, as C. */
export function planContext({ plan, uniforms }: Program, options: PlanOptions): object {
  const { problem, id, prefix, symbolOf, placeOf, host, given } = options;
  const { ring } = plan;
  const writer = new WalkWriter(plan, `${id}_`, ring === undefined ? wholeMatrix : pieceAtHand);
  const { chunk, block, colsPerRound = block.cols } = plan.tiling;
  const launched = launchedKernels(plan);
  const laidOut = plan.buffers.filter((buffer) => !given(buffer) && ringRole(ring, buffer) !== 'message');
  const counted = [...new Set([...laidOut, ...(ring === undefined ? [] : partBuffers(plan, ring))])];
  return {
    header: lossHeader(problem, plan.target, printTiling(plan.tiling).slice(1).map((line) => line.trim())),
    target: `${plan.target}, softmax ${plan.softmax}`,
    prefix,
    id,
    host,
    kernels: plan.kernels.filter(({ name }) => launched.has(name)).map(({ name, threads, sharedBytes }) => ({ name: `${id}_${snakeCase(name)}`, symbol: symbolOf(name), place: placeOf(name), threads, sharedBytes })),
    buffers: laidOut.map((buffer) => bufferContext(plan, buffer)),
    counts: counted.map(({ name, count }) => ({ name: bufferName(name), count: writeExtent(count) })),
    uniforms: uniforms.map((expression, place) => ({
      place,
      value: writeDouble(expression, (leaf) => (leaf.kind === 'parameter' ? (leaf.name === pairWeight.name ? 'pair_weight' : `inputs->params.${memberName(leaf.name)}`) : leaf.kind)),
    })),
    walks: walksOf(plan).map(([name, what, steps]) => ({ name, what, lines: writer.lines(steps) })),
    chunk,
    block,
    colsPerRound,
    forwardRows: plan.forwardRows,
    forwardCols: plan.forwardCols,
    chunkIsFixed: chunk.fit !== 'shrink',
    mostWorkers: chunk.workers ?? 0,
    fused: plan.fused === undefined ? false : plan.fused,
    forCallers: plan.forCallers.map((name) => ({ member: name, kernel: `${id}_${snakeCase(name)}` })),
    alone: ring === undefined,
    ring: ring === undefined ? false : ringContext(plan, ring, id),
  };
}

function walksOf({ inspect, forward, backward, fused, ring }: Plan): readonly (readonly [name: string, what: string, steps: readonly Step[]])[] {
  const look = ['inspect', 'Checks of the inputs: largest norms, values that are not finite.', inspect] as const;
  if (ring !== undefined) return [look, ...ringWalkSteps(ring)];
  return [
    look,
    ['forward', 'Sums of exponentials and of the pair term, and the loss.', forward],
    ['backward', 'Gradients, from the forward walk\'s sums.', backward],
    ...(fused === undefined ? [] : [['fused', 'Both, where a chunk has all columns.', fused.steps] as const]),
  ];
}

/** Kernels that are launched, by the walks or by calls: a plan may declare others. */
export function launchedKernels(plan: Plan): ReadonlySet<string> {
  const names = new Set(plan.forCallers);
  const visit = (steps: readonly Step[]): void => {
    for (const step of steps) {
      if (step.kind === 'for') visit(step.body);
      if (step.kind === 'launch') names.add(step.kernel);
    }
  };
  for (const [, , steps] of walksOf(plan)) visit(steps);
  return names;
}

/** Which chunk a buffer is sized for: as `bind` does it. */
function bufferContext(plan: Plan, buffer: Buffer): object {
  const { name, role, element } = buffer;
  const [inForward, inBackward, inFused] = [plan.forward, plan.backward, plan.fused?.steps ?? []].map((steps) => buffersOf(steps).has(name));
  return {
    name: bufferName(name),
    role: role === 'workspace' ? 'role_workspace' : `role_${ringRole(plan.ring, buffer)}`,
    elementBytes: elementBytes[element],
    atForwardChunk: inForward,
    atChunk: inBackward === true || inForward !== true,
    inFusedAlone: inFused === true && inForward !== true && inBackward !== true,
  };
}
