import { buffersOf, type BoundPlan } from '../plan/bind.js';
import type { Shape } from '../plan/extent.js';
import type { Arg, Kernel, Step } from '../plan/plan.js';

/** Launches of a kernel on chunks of one size. */
export interface Launches {
  readonly kernel: Kernel;
  readonly args: readonly Arg[];
  /** The chunk at hand is `rows` x `cols`. */
  readonly shape: Shape;
  readonly count: number;
}

/** Buffers that are emptied. */
export interface Fills {
  readonly buffer: string;
  readonly count: number;
}

export interface Work {
  readonly launches: readonly Launches[];
  readonly fills: readonly Fills[];
}

/** What forward and backward launch, those of the same size together: however many chunks there are. */
export function workOf({ plan, fused, shape, forwardShape }: BoundPlan): Work {
  if (plan.fused !== undefined && fused) return workWithin(plan, plan.fused.steps, shape, 1);
  const sums = buffersOf(plan.forward).has('flags') ? workWithin(plan, plan.forward, forwardShape, 1) : { launches: [], fills: [] };
  const gradients = workWithin(plan, plan.backward, shape, 1);
  return { launches: [...sums.launches, ...gradients.launches], fills: [...sums.fills, ...gradients.fills] };
}

function workWithin(plan: BoundPlan['plan'], steps: readonly Step[], shape: Shape, count: number): Work {
  const parts = steps.map((step): Work => {
    switch (step.kind) {
      case 'for': {
        const side = step.axis;
        const [length, piece] = side === 'rows' ? [shape.rows, shape.chunkRows] : [shape.cols, shape.chunkCols];
        const [whole, rest] = [Math.floor(length / piece), length % piece];
        return join([
          ...(whole === 0 ? [] : [workWithin(plan, step.body, { ...shape, [side]: piece }, count * whole)]),
          ...(rest === 0 ? [] : [workWithin(plan, step.body, { ...shape, [side]: rest }, count)]),
        ]);
      }
      case 'launch': {
        const kernel = plan.kernels.find(({ name }) => name === step.kernel);
        if (kernel === undefined) throw new Error(`the plan launches '${step.kernel}', which it does not declare`);
        return { launches: [{ kernel, args: step.args, shape, count }], fills: [] };
      }
      case 'fill':
        return { launches: [], fills: [{ buffer: step.buffer, count }] };
      case 'guard':
        return { launches: [], fills: [] };
    }
  });
  return join(parts);
}

function join(parts: readonly Work[]): Work {
  return { launches: parts.flatMap(({ launches }) => launches), fills: parts.flatMap(({ fills }) => fills) };
}
