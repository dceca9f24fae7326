/** How inputs are stored. Sums and gradients are fp32 whatever the inputs are. */
export type Precision = 'f32' | 'bf16' | 'f16';

/** Numbers in an embedding, at most. */
export const mostDim = 65_536;
