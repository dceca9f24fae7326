import type { Target, TargetKernels } from '../targets/target.js';
import { backwardWalk } from './backward-walk.js';
import { at, attributeBindings, chunkBindings, embeddingBindings, extent } from './bindings.js';
import { declareBuffers } from './buffers.js';
import type { Extent } from './extent.js';
import { forwardWalk, type ForwardWalk } from './forward-walk.js';
import { fusedSteps } from './lower-fused.js';
import { needsOf, type Needs } from './needs.js';
import { pairWork } from './pair-work.js';
import type { Arg, FusedWalk, Kernel, Plan, Step, TensorMap } from './plan.js';
import type { Problem, ResolvedTiling } from './problem.js';
import { ringWalks } from './ring-walks.js';
import { ofPositives, type Launcher } from './steps.js';

/** Lowers a loss for a target: section 2 (one pass for both directions) and 3 (recompute into a bounded workspace). */
export function lower(problem: Problem, target: Target, tiling: ResolvedTiling): Plan {
  const needs = needsOf(problem.loss, problem.reports);
  const kernels = target.describe(problem, tiling);
  const buffers = declareBuffers(problem, needs, kernels);
  const launch = launcher(problem, needs, kernels, new Set(buffers.map((buffer) => buffer.name)));
  const fused = fusedWalk(needs, kernels, launch);
  const walk = forwardWalk(problem, needs, kernels, launch);
  return {
    kind: 'plan',
    loss: problem.loss.name,
    target: target.name,
    tiling,
    dim: problem.dim,
    precision: problem.precision,
    ...(problem.loss.guide ? { guideDim: problem.guideDim ?? problem.dim } : {}),
    softmax: problem.softmax,
    params: problem.loss.params,
    positives: needs.relation,
    channels: { row: needs.row?.channels ?? [], col: needs.col?.channels ?? [] },
    work: pairWork(problem.loss, problem.reports)[problem.softmax],
    buffers,
    kernels: [...Object.values(kernels.kernels), ...kernels.packs.map((pack) => pack.kernel), ...(kernels.accumulate === undefined ? [] : [kernels.accumulate]), ...Object.values(kernels.forCallers ?? {}), ...ownKernels(kernels.fused)],
    inspect: inspect(needs, launch),
    forwardRows: kernels.forwardRows ?? 1,
    forwardCols: kernels.forwardCols ?? 1,
    forward: forward(needs, walk, launch),
    backward: backwardWalk(needs, kernels, launch),
    ...(fused === undefined ? {} : { fused }),
    forCallers: Object.values(kernels.forCallers ?? {}).map(({ name }) => name),
    ...(problem.ring === true ? { ring: ringWalks(problem, needs, kernels, walk, launch) } : {}),
  };
}

/** Largest norms and values that are not finite, of each tensor or of the stack. */
function inspect({ stacked }: Needs, launch: Launcher): readonly Step[] {
  const norms = (x: string, count: Extent, side: 'query' | 'key'): Step =>
    launch('norms', { x: at(x), count: extent(count), normPartial: at(`${side}Norms`), badRowPartial: at(`${side}BadRows`) });
  return stacked ? [norms('embeddings', 'stack', 'query')] : [norms('queries', 'n', 'query'), norms('keys', 'm', 'key')];
}

function fusedWalk(needs: Needs, kernels: TargetKernels, launch: Launcher): FusedWalk | undefined {
  const { fused } = kernels;
  if (fused === undefined) return undefined;
  const { leastRows, mostCols } = fused;
  return { steps: fusedSteps(needs, kernels, fused, launch), leastRows, mostCols };
}

function ownKernels(fused: TargetKernels['fused']): readonly Kernel[] {
  return fused === undefined ? [] : [fused.weights, fused.scaleQueries, fused.finishGradients];
}

/** The forward walk over all rows and columns. */
function forward(needs: Needs, { begin, clear, tile, tally, terms }: ForwardWalk, launch: Launcher): readonly Step[] {
  const positives = ofPositives(needs, launch);
  const guard: readonly Step[] = needs.softmax ? [{ kind: 'guard', buffer: 'flags' }] : [];
  return [...begin, ...clear, ...positives.begin, ...positives.tile, ...positives.gather, ...tile, ...tally, ...terms, ...guard];
}

/** Binds a kernel's parameters by name: the launch's own bindings first, then what every launch in a chunk has. */
function launcher(problem: Problem, needs: Needs, kernels: TargetKernels, declared: ReadonlySet<string>): Launcher {
  const common = { ...chunkBindings(kernels, problem.ring === true), ...embeddingBindings(problem, needs), ...attributeBindings(needs) };
  return (kernelOrRole, own = {}) => {
    const kernel = typeof kernelOrRole === 'string' ? kernelNamed(kernels, kernelOrRole) : kernelOrRole;
    const resolve = (name: string): Arg => {
      const arg = own[name] ?? common[name] ?? at(name);
      return arg.kind === 'buffer' && !declared.has(arg.buffer) ? { kind: 'null' } : arg;
    };
    const args = kernel.parameters.map((parameter) => (parameter.type === 'tensorMap' ? mapped(kernel, parameter.map, resolve) : resolve(parameter.name)));
    return { kind: 'launch', kernel: kernel.name, args };
  };
}

function mapped({ name }: Kernel, { of, ...map }: TensorMap, resolve: (name: string) => Arg): Arg {
  const arg = resolve(of);
  if (arg.kind !== 'buffer') throw new Error(`kernel '${name}' maps '${of}', which is no buffer of the plan`);
  return { kind: 'tensorMap', buffer: arg.buffer, offset: arg.offset, map };
}

function kernelNamed(kernels: TargetKernels, role: string): Kernel {
  const found = Object.entries(kernels.kernels).find(([name]) => name === role);
  if (found === undefined) throw new Error(`the target describes no kernel for '${role}'`);
  return found[1];
}
