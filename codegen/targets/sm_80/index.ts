import type { Target } from '../target.js';
import { defaultWorkspace } from './defaults.js';
import { demand } from './demand.js';
import { describe } from './describe.js';
import { cudaDialects } from '../cuda/dialect.js';
import { a100, gpuModel } from '../cuda/gpus.js';
import { emit } from './emit.js';
import { knobs } from './knobs.js';
import { resolve } from './resolve.js';

/** NVIDIA GPUs from Ampere up, through mma.sync, ldmatrix and cp.async. */
export const sm80: Target = {
  name: 'sm_80',
  device: 'cuda',
  summary: 'NVIDIA GPUs of compute capability 8.0 and later (Ampere, Ada, Hopper, Blackwell), by mma.sync',
  requires: [],
  capability: { least: [8, 0] },
  multiprocessors: 108,
  precisions: ['f32', 'bf16', 'f16'],
  dialects: cudaDialects,
  defaultWorkspace,
  // The architecture is added: that of the device at hand.
  compilerOptions: ['--std=c++17', '--ptxas-options=--warn-on-spills'],
  resolve,
  knobs,
  describe,
  machine: (asked) => gpuModel({ usual: a100, waits: true }, asked),
  demand,
  emit,
};
