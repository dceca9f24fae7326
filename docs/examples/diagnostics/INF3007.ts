import { tiling } from 'infinitile';

export const mine = tiling('mine', (t) => t.instruction('mma m16n8k16'));
