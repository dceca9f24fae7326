import { tiling } from 'infinitile';

// For sm_80, whose tensor cores have another.
export const mine = tiling('mine', (t) => t.instruction('wgmma.m64n256k16'));
