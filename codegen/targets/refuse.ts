import type { Diagnostic, DiagnosticCode } from '../../dsl/diagnostics/index.js';
import type { ChunkLevel, KnobPlace, Tiling } from '../../dsl/tiling.js';

/** Tells what a target cannot run, at the level where it was written. */
export type Refuse = (level: KnobPlace, message: string, hint: string, code?: DiagnosticCode) => void;

export function refusalsInto(found: Diagnostic[], { spans }: Tiling): Refuse {
  return (level, message, hint, code = 'INF3101') => {
    const span = spans?.[level];
    found.push({ code, message, hint, ...(span === undefined ? {} : { span }) });
  };
}

/** Of targets all of whose passes have the block of the level. */
export function refusePasses(target: string, passes: Tiling['passes'], refuse: Refuse): void {
  for (const pass of ['stats', 'gradient', 'guide', 'accumulate'] as const) {
    if (passes?.[pass] !== undefined) refuse(pass, `pass '${pass}' has a block of its own; those of ${target} share the level's`, "Give level 'block' alone.");
  }
}

/** Of targets that make gradients by a walk of their own. */
export function refuseFused(target: string, chunk: ChunkLevel | undefined, refuse: Refuse): void {
  if (chunk?.backward === 'fused') refuse('chunk', `chunk.backward is 'fused'; ${target} makes gradients by a walk of their own`, "Take 'recompute', or leave it out.");
}

/** Of targets whose workers are a GPU's multiprocessors, all of which share a chunk. */
export function refuseWorkers(target: string, chunk: ChunkLevel | undefined, refuse: Refuse): void {
  if (chunk?.workers !== undefined) refuse('chunk', `chunk.workers is ${chunk.workers}, a knob of CPUs: all multiprocessors that ${target} finds share a chunk`, "Leave 'workers' out.");
}
