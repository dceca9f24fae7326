import type { Diagnostic } from '../../../dsl/diagnostics/index.js';
import type { Tiling } from '../../../dsl/tiling.js';
import { refusalsInto, refuseFused, refusePasses, refuseWorkers, type Refuse } from '../refuse.js';
import type { Problem, ResolvedTiling } from '../target.js';
import { fillIn } from './defaults.js';
import { registersOf, ringBytes, threadsOf } from './geometry.js';
import { columnGroup, instruction, limits } from './limits.js';
import { gradientBytes, sideBytes, statsBytes } from './shared-memory.js';

/** The tiling with every knob set, or all reasons why the target cannot run it. */
export function resolve(problem: Problem, tiling: Tiling): { readonly tiling?: ResolvedTiling; readonly diagnostics: readonly Diagnostic[] } {
  const found: Diagnostic[] = [];
  const refuse = refusalsInto(found, tiling);
  checkSharing(tiling, refuse);
  const filled = fillIn(problem, tiling);
  checkInstruction(filled, refuse);
  checkShapes(filled, refuse);
  // The limits count what only whole tiles have.
  if (found.length === 0) checkLimits(problem, filled, refuse);
  if (found.length === 0) checkChunk(filled, refuse);
  return found.length > 0 ? { diagnostics: found } : { tiling: filled, diagnostics: [] };
}

/** Its blocks share no copies, and read both operands in k-steps. */
function checkSharing({ chunk, block, passes }: Tiling, refuse: Refuse): void {
  refusePasses('sm_80', passes, refuse);
  refuseFused('sm_80', chunk, refuse);
  refuseWorkers('sm_80', chunk, refuse);
  for (const knob of ['cluster', 'panel'] as const) {
    const value = block?.[knob];
    if (value !== undefined && value !== 1 && value !== 'streamed') refuse('block', `block.${knob} is ${value}; blocks of sm_80 work alone, in k-steps`, `Leave '${knob}' out.`);
  }
}

function checkInstruction({ instruction: { name } }: ResolvedTiling, refuse: Refuse): void {
  if (name !== instruction.name) refuse('instruction', `sm_80 has no instruction '${name}'`, `Its tensor cores are used through '${instruction.name}'.`, 'INF3102');
}

/** Tiles are powers of two: a block copies them in whole passes of its threads, and swizzles them by bits of the row number. */
function checkShapes({ block, register }: ResolvedTiling, refuse: Refuse): void {
  checkSize('register', 'rows', register.rows, instruction.rows, 128, 'rows of whole instructions', refuse);
  checkSize('register', 'cols', register.cols, columnGroup, 256, 'groups of columns of which a thread holds 8 neighbours', refuse);
  checkSize('block', 'rows', block.rows, instruction.rows, 512, 'rows of whole instructions', refuse);
  checkSize('block', 'cols', block.cols, 64, 512, '128-byte rows of shared memory', refuse);
  checkSize('block', 'depth', block.depth, 2 * instruction.depth, 128, 'an even number of instructions, whose fragments alternate between two sets', refuse);
  for (const side of ['rows', 'cols'] as const) {
    if (register[side] > block[side])
      refuse('register', `register.${side} is ${register[side]}, more than block.${side}, ${block[side]}: a warp's part lies in its block`, `Take at most ${block[side]}.`);
  }
  if (block.stages < 2) refuse('block', `block.stages is ${block.stages}: one k-step of operands is read while the next arrives`, 'Take 2 or more.');
  if (block.group < 1) refuse('block', `block.group is ${block.group}: at least one row tile is visited before the next column tile`, 'Take 1 or more.');
}

function checkSize(level: 'block' | 'register', knob: string, value: number, least: number, most: number, unit: string, refuse: Refuse): void {
  if (value >= least && value <= most && Number.isInteger(Math.log2(value))) return;
  const legal: number[] = [];
  for (let size = least; size <= most; size *= 2) legal.push(size);
  refuse(level, `${level}.${knob} is ${value}; sm_80 splits ${unit} by powers of two`, `Take one of ${legal.join(', ')}.`);
}

function checkLimits(problem: Problem, tiling: ResolvedTiling, refuse: Refuse): void {
  const { block, register } = tiling;
  const registers = registersOf(register);
  const threads = threadsOf(block, register);
  if (registers > limits.registersPerThread) {
    refuse(
      'register',
      `a warp's part of ${register.rows} x ${register.cols} takes about ${registers} registers a thread (${(register.rows * register.cols) / 32} of them sums); there are ${limits.registersPerThread}`,
      'Take a smaller part, such as 64 x 64.',
    );
  } else if (threads > limits.threadsPerBlock || threads * registers > limits.registersPerBlock) {
    refuse(
      'block',
      `a block of ${block.rows} x ${block.cols} has ${threads} threads with about ${registers} registers each; a multiprocessor holds ${limits.threadsPerBlock} threads of a block and ${limits.registersPerBlock} registers`,
      `With warps of ${register.rows} x ${register.cols}, take at most ${Math.floor(limits.registersPerBlock / registers / 32)} of them, such as 128 x 256 in all.`,
    );
  }
  const bytes = Math.max(statsBytes(problem, tiling), gradientBytes(problem, tiling));
  if (bytes > limits.sharedBytes) {
    const stage = ringBytes({ ...block, stages: 1 });
    const stages = Math.floor((limits.sharedBytes - sideBytes(problem, block)) / stage);
    refuse(
      'block',
      `${block.stages} stages of ${block.rows} x ${block.cols}, depth ${block.depth}, take ${bytes} bytes of shared memory; a block has ${limits.sharedBytes}`,
      stages >= 2 ? `Take at most ${stages} stages.` : `Take a smaller depth: a stage of this block takes ${stage} bytes.`,
    );
  }
}

function checkChunk({ chunk, block }: ResolvedTiling, refuse: Refuse): void {
  for (const side of ['rows', 'cols'] as const) {
    if (chunk[side] % block[side] === 0 && chunk[side] > 0) continue;
    const whole = Math.max(1, Math.round(chunk[side] / block[side])) * block[side];
    refuse('chunk', `chunk.${side} is ${chunk[side]}, not a multiple of block.${side}, ${block[side]}`, `Take ${whole}.`);
  }
}
