/** How inputs are stored. Sums and gradients are fp32 whatever the inputs are. */
export type Precision = 'f32' | 'bf16' | 'f16';
