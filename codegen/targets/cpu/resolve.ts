import type { Diagnostic } from '../../../dsl/diagnostics/diagnostic.js';
import type { Tiling } from '../../../dsl/tiling.js';
import { needsOf } from '../../plan/needs.js';
import { refusalsInto, refuseFused, refusePasses, type Refuse } from '../refuse.js';
import type { Problem, ResolvedTiling } from '../target.js';
import { fillIn } from './defaults.js';
import type { CpuMachine } from './machines.js';

/** The tiling with every knob set, or all reasons why the machine cannot run it. */
export function resolve(machine: CpuMachine, problem: Problem, tiling: Tiling): { readonly tiling?: ResolvedTiling; readonly diagnostics: readonly Diagnostic[] } {
  const found: Diagnostic[] = [];
  const refuse = refusalsInto(found, tiling);
  checkInstruction(machine, problem, tiling, refuse);
  checkGpuKnobs(machine, tiling, refuse);
  if (found.length > 0) return { diagnostics: found };
  const filled = fillIn(machine, problem, tiling);
  checkRegister(machine, filled, refuse);
  checkBlock(machine, problem, filled, refuse);
  return found.length > 0 ? { diagnostics: found } : { tiling: filled, diagnostics: [] };
}

function checkInstruction(machine: CpuMachine, { precision }: Problem, { instruction }: Tiling, refuse: Refuse): void {
  if (instruction === undefined) return;
  const known = machine.instructions.find(({ name }) => name === instruction.name);
  const legal = machine.instructions.filter(({ precisions }) => precisions.includes(precision)).map(({ name }) => `'${name}'`);
  const hint = `For ${precision} inputs ${machine.name} has ${legal.join(' and ')}.`;
  if (known === undefined) refuse('instruction', `${machine.name} has no instruction '${instruction.name}'`, hint, 'INF3102');
  else if (!known.precisions.includes(precision)) refuse('instruction', `'${instruction.name}' does not multiply ${precision} inputs`, hint, 'INF3102');
}

function checkGpuKnobs(machine: CpuMachine, { chunk, block, passes }: Tiling, refuse: Refuse): void {
  refusePasses(machine.name, passes, refuse);
  refuseFused(machine.name, chunk, refuse);
  for (const knob of ['stages', 'group', 'cluster', 'panel'] as const) {
    const value = block?.[knob];
    if (value !== undefined && value !== 1) refuse('block', `block.${knob} is ${value}, a knob of GPUs: ${machine.name} has no shared memory to stage tiles in`, `Leave '${knob}' out.`);
  }
}

function checkRegister(machine: CpuMachine, { register }: ResolvedTiling, refuse: Refuse): void {
  const { lanes, registers, name } = machine;
  const { rows, cols } = register;
  if (cols % lanes !== 0) {
    refuse('register', `register.cols is ${cols}, but a vector of ${name} has ${lanes} lanes`, `Take a multiple of ${lanes}, such as ${Math.max(lanes, Math.round(cols / lanes) * lanes)}.`);
    return;
  }
  const vectors = cols / lanes;
  const needed = rows * vectors + vectors + 1;
  if (needed <= registers) return;
  const tallest = Math.floor((registers - 1 - vectors) / vectors);
  refuse(
    'register',
    `a ${rows} x ${cols} register tile takes ${needed} vector registers (${rows * vectors} accumulators, ${vectors} for a row of B, 1 for A); ${name} has ${registers}`,
    tallest >= 1 ? `With ${cols} columns, at most ${tallest} rows fit.` : `At most ${(registers - 2) / 2 * lanes} columns fit, with one row.`,
  );
}

function checkBlock({ l2Bytes, name }: CpuMachine, problem: Problem, { chunk, block, register }: ResolvedTiling, refuse: Refuse): void {
  for (const side of ['rows', 'cols'] as const) {
    if (block[side] % register[side] !== 0) {
      const whole = Math.max(1, Math.round(block[side] / register[side])) * register[side];
      refuse('block', `block.${side} is ${block[side]}, not a multiple of register.${side}, ${register[side]}`, `Take ${whole}.`);
    }
    if (chunk[side] < block[side]) refuse('chunk', `chunk.${side} is ${chunk[side]}, less than block.${side}, ${block[side]}`, `Take at least ${block[side]}.`);
  }
  if (block.depth % 2 !== 0) refuse('block', `block.depth is ${block.depth}; products of 16-bit inputs come in pairs`, `Take ${block.depth + 1}.`);
  // A thread's stack holds block.depth x register.rows numbers of G, and sums of block.rows rows.
  const panelBytes = block.depth * Math.max(register.rows, register.cols) * 4;
  if (panelBytes > l2Bytes / 2) {
    refuse(
      'block',
      `block.depth is ${block.depth}: a panel of ${register.cols} columns takes ${panelBytes} bytes, more than half of the ${l2Bytes} bytes of L2 that ${name} counts on`,
      `Take at most ${Math.floor(l2Bytes / 8 / Math.max(register.rows, register.cols) / 2) * 2}.`,
    );
  }
  const most = mostBlockRows(problem);
  if (block.rows > most) refuse('block', `block.rows is ${block.rows}; a thread keeps the sums of at most ${most} rows at hand`, `Take at most ${Math.floor(most / register.rows) * register.rows}.`);
}

/** Half a MiB of a thread's stack: of a row, a vector of maxima, one of sums of exponentials, and one of each sum beside those, each of at most 64 bytes. */
function mostBlockRows({ loss, reports }: Problem): number {
  const channels = needsOf(loss, reports).row?.channels.length ?? 0;
  return Math.floor((512 * 1024) / 64 / (2 + channels));
}
