import { assertNever } from '../../dsl/assert-never.js';
import { printExtent, type Extent } from './extent.js';
import type { BoundPlan } from './bind.js';
import type { Arg, Buffer, Kernel, Plan, RingWalks, Step, TiledMatrix } from './plan.js';
import { ringPasses, ringStepsOf } from './ring-parts.js';
import { printTiling } from './tiling.js';

/** A plan as people read it: what it is, then buffers, kernels, and the walk. One printer serves inspect, errors, goldens. */
export function printPlan(plan: Plan): string {
  return [
    `plan ${plan.loss}`,
    `  target     ${plan.target}`,
    `  inputs     ${plan.precision}, depth ${plan.dim}`,
    `  softmax    ${plan.softmax}`,
    `  positives  ${plan.positives}`,
    ...indent(printTiling(plan.tiling)),
    '',
    'buffers',
    ...columns(plan.buffers.map(bufferRow)),
    '',
    'kernels',
    ...columns(plan.kernels.map(kernelRow)),
    ...section('inspect', plan.inspect),
    ...(plan.ring === undefined ? walks(plan) : ringWalks(plan.ring)),
    '',
  ].join('\n');
}

function walks(plan: Plan): readonly string[] {
  return [
    ...section(titleOfForward(plan), plan.forward),
    ...section('backward', plan.backward),
    ...(plan.fused === undefined ? [] : section('forward and backward in one, for chunks with all columns', plan.fused.steps)),
  ];
}

function titleOfForward({ forwardRows, forwardCols }: Plan): string {
  const sides = ([[forwardRows, 'rows'], [forwardCols, 'columns']] as const).filter(([times]) => times > 1).map(([times, what]) => `${times} times as many ${what}`);
  return sides.length === 0 ? 'forward' : `forward, chunks of ${sides.join(' and ')}`;
}

/** As a rank of several takes them. */
function ringWalks(ring: RingWalks): readonly string[] {
  const parts = ringStepsOf(ring).flatMap(({ what, steps }) => section(what, steps));
  const travels = ringPasses.flatMap((pass) => {
    const walk = ring[pass];
    return walk === undefined ? [] : [[pass, ...message('keys', walk.keys), ...message('sums', walk.sums)]];
  });
  return [...parts, '', 'between ranks', ...columns(travels)];
}

function message(kind: string, buffers: readonly string[]): readonly string[] {
  return buffers.length === 0 ? [] : [`${kind}: ${buffers.join(' ')}`];
}

/** The sizes a plan takes for given shapes, largest role first. */
export function printBound(bound: BoundPlan): string {
  const { shape, chunk } = bound;
  const lines = [
    `shapes  Q ${shape.n} x ${bound.plan.dim}, K ${shape.m} x ${bound.plan.dim}, chunk ${chunk.rows} x ${chunk.cols}`,
    ...columns(bound.buffers.map(({ name, role, element, elements, bytes }) => [name, role, `${elements} ${element}`, formatBytes(bytes)])),
    `workspace ${formatBytes(bound.workspaceBytes)}`,
    ...(bound.fused ? ['walk      forward and backward in one, where gradients are asked for'] : []),
    '',
  ];
  return lines.join('\n');
}

export function formatBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  const units = ['KiB', 'MiB', 'GiB', 'TiB'];
  const exponent = Math.min(units.length, Math.floor(Math.log2(bytes) / 10));
  const value = bytes / 2 ** (10 * exponent);
  return `${value < 10 ? value.toFixed(2) : value.toFixed(value < 100 ? 1 : 0)} ${units[exponent - 1] ?? 'B'}`;
}

function bufferRow({ name, role, element, count }: Buffer): readonly string[] {
  return [name, role, element, printExtent(count)];
}

function kernelRow({ name, file, grid, threads, sharedBytes }: Kernel): readonly string[] {
  if (threads === 1 && grid === 1) return [name, file];
  return [name, file, `${printExtent(grid)} blocks of ${threads}`, sharedBytes === 0 ? '' : `${formatBytes(sharedBytes)} shared`];
}

function section(title: string, steps: readonly Step[]): readonly string[] {
  return ['', title, ...steps.flatMap((step) => indent(printStep(step)))];
}

function printStep(step: Step): readonly string[] {
  switch (step.kind) {
    case 'for': {
      const base = step.axis === 'rows' ? 'row0' : 'col0';
      const [size, chunk] = step.axis === 'rows' ? ['n', 'chunkRows'] : ['m', 'chunkCols'];
      return [`for ${base} in 0 .. ${size} by ${chunk}`, ...step.body.flatMap((inner) => indent(printStep(inner)))];
    }
    case 'launch':
      return [`${step.kernel}(${step.args.map(printArg).join(', ')})`];
    case 'fill':
      return [`fill ${step.buffer} with 0x${step.pattern.toString(16).padStart(8, '0')}`];
    case 'guard':
      return [`guard ${step.buffer}: sums out of range end the attempt`];
    default:
      return assertNever(step);
  }
}

function printArg(arg: Arg): string {
  switch (arg.kind) {
    case 'buffer':
      return printPlace(arg);
    case 'tensorMap':
      return `tiles ${arg.map.boxRows} x ${arg.map.boxCols} of ${printPlace(arg)} ${printMatrix(arg.map)}`;
    case 'null':
      return '-';
    case 'extent':
      return printExtent(arg.value);
    case 'scalar':
      return arg.name;
    case 'uniforms':
      return 'uniforms';
    default:
      return assertNever(arg);
  }
}

function printPlace({ buffer, offset }: { readonly buffer: string; readonly offset: Extent }): string {
  return offset === 0 ? buffer : `${buffer} + ${printExtent(offset)}`;
}

function printMatrix({ rows, cols, planes, pitch }: TiledMatrix): string {
  const apart = printExtent(pitch) === printExtent(cols) ? '' : `, ${printExtent(pitch)} apart`;
  return `[${printExtent(rows)} x ${planes === 1 ? '' : `${planes} x `}${printExtent(cols)}${apart}]`;
}

function indent(lines: readonly string[]): readonly string[] {
  return lines.map((line) => `  ${line}`);
}

function columns(rows: readonly (readonly string[])[]): readonly string[] {
  const widths: number[] = [];
  for (const row of rows) row.forEach((cell, i) => (widths[i] = Math.max(widths[i] ?? 0, cell.length)));
  return rows.map((row) => `  ${row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join('  ')}`.trimEnd());
}
