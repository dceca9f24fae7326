import { tiling } from './tiling-builder.js';

/** All levels open: the target chooses, for its limits and the loss at hand. */
export const automatic = tiling('automatic');
