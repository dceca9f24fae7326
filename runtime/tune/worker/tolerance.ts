import type { Precision } from '../../../dsl/problem.js';

/** Largest errors: of the loss relative to it, of gradients in norm. */
export interface Tolerance {
  readonly loss: number;
  readonly gradient: number;
}

/** f32 on a CPU sums in fp32; a GPU multiplies in three bf16 pieces; 16-bit inputs round G to 8 (bf16) or 11 bits. */
export function toleranceOf(precision: Precision, device: 'cpu' | 'cuda'): Tolerance {
  if (precision !== 'f32') return { loss: 1e-4, gradient: 4e-3 };
  return device === 'cpu' ? { loss: 1e-5, gradient: 1e-5 } : { loss: 3e-5, gradient: 3e-5 };
}
