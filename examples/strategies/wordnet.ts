import { tiling } from 'infinitile';

/**
 * The main job's strategy: only the chunk is fixed, so that 16,384 x 16,384 logits pass through a workspace of a few tens of
 * MiB. Block, register tile and instruction are the target's own choice, so it runs on any machine.
 */
export const wordnet = tiling('wordnet', (t) => t.chunk({ rows: 2048, cols: 2048 }));
