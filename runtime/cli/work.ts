import { hasSoftmax } from '../../codegen/plan/needs.js';
import type { PairwiseLoss } from '../../dsl/loss.js';

export interface Walks {
  readonly gradients: boolean;
  /** Statistics are asked for that need the forward walk. */
  readonly forward: boolean;
}

/**
 * Floating-point operations of a run: 2 N M D forward, 6 N M D backward (logits again, then both products). A loss without a
 * softmax gives its value on the backward walk and needs no other.
 */
export function flopsOf(loss: PairwiseLoss, n: number, m: number, dim: number, { gradients, forward }: Walks): number {
  const walksForward = hasSoftmax(loss) || !gradients || forward;
  return ((walksForward ? 2 : 0) + (gradients ? 6 : 0)) * n * m * dim;
}

/** What the matrix of logits would take in fp32. */
export function denseBytes(n: number, m: number): number {
  return n * m * 4;
}
