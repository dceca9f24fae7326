import { cudaDialects } from '../cuda/dialect.js';
import { h200, gpuModel } from '../cuda/gpus.js';
import type { Target } from '../target.js';
import { defaultWorkspace } from './defaults.js';
import { demand } from './demand.js';
import { describe } from './describe.js';
import { emit } from './emit.js';
import { knobs } from './knobs.js';
import { usualMultiprocessors } from './limits.js';
import { resolve } from './resolve.js';

/** NVIDIA's Hopper GPUs, through wgmma, bulk copies of tiles (TMA) and warp groups with roles. */
export const sm90a: Target = {
  name: 'sm_90a',
  device: 'cuda',
  summary: 'NVIDIA GPUs of compute capability 9.0 (Hopper: H100, H200), by wgmma',
  requires: [],
  capability: { exactly: [9, 0] },
  architecture: 'sm_90a',
  multiprocessors: usualMultiprocessors,
  precisions: ['f32', 'bf16', 'f16'],
  dialects: { ...cudaDialects, linearForm: true },
  defaultWorkspace,
  compilerOptions: ['--std=c++17', '--ptxas-options=--warn-on-spills'],
  resolve,
  knobs,
  describe,
  machine: (asked) => gpuModel({ usual: h200, waits: false }, asked),
  demand,
  emit,
};
