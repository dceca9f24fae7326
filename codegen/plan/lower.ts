import type { Target, TargetKernels } from '../targets/target.js';
import { at, attributeBindings, channelBindings, chunkBindings, embeddingBindings, extent, mergeBindings, tallyBindings, termBindings } from './bindings.js';
import { declareBuffers, unset } from './buffers.js';
import type { Extent } from './extent.js';
import { clearTerms, fusedSteps } from './lower-fused.js';
import { needsOf, type Needs } from './needs.js';
import type { Arg, FusedWalk, Kernel, Plan, Step, TensorMap } from './plan.js';
import type { Problem, ResolvedTiling } from './problem.js';
import { accumulations, bits, fill, loop, ofPositives, packsOf, type Launcher } from './steps.js';

/** Lowers a loss for a target: section 2 (one pass for both directions) and 3 (recompute into a bounded workspace). */
export function lower(problem: Problem, target: Target, tiling: ResolvedTiling): Plan {
  const needs = needsOf(problem.loss, problem.reports);
  const kernels = target.describe(problem, tiling);
  const buffers = declareBuffers(problem, needs, kernels);
  const launch = launcher(problem, needs, kernels, new Set(buffers.map((buffer) => buffer.name)));
  const fused = fusedWalk(needs, kernels, launch);
  return {
    kind: 'plan',
    loss: problem.loss.name,
    target: target.name,
    tiling,
    dim: problem.dim,
    precision: problem.precision,
    softmax: problem.softmax,
    params: problem.loss.params,
    positives: needs.relation,
    channels: { row: needs.row?.channels ?? [], col: needs.col?.channels ?? [] },
    buffers,
    kernels: [...Object.values(kernels.kernels), ...kernels.packs.map((pack) => pack.kernel), ...(kernels.accumulate === undefined ? [] : [kernels.accumulate]), ...ownKernels(kernels.fused)],
    inspect: inspect(needs, launch),
    forwardRows: kernels.forwardRows ?? 1,
    forward: forward(needs, problem.loss.pairs !== undefined, kernels, launch),
    backward: backward(needs, kernels, launch),
    ...(fused === undefined ? {} : { fused }),
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

function forward(needs: Needs, pairs: boolean, { packs, rowPartials, colPartials, scalarPartials, fused }: TargetKernels, launch: Launcher): readonly Step[] {
  const sides = (['row', 'col'] as const).flatMap((side) => {
    const own = needs[side];
    return own === undefined ? [] : [{ side, own, partials: side === 'row' ? rowPartials : colPartials }];
  });
  const softmaxes = sides.filter(({ own }) => own.term !== undefined);
  const channels = sides.filter(({ own }) => own.channels.length > 0);
  const chunk = [
    ...packsOf(packs, 'rows', 'stats', launch),
    ...(needs.guide ? [launch('guide')] : []),
    launch('stats'),
    ...softmaxes.map(({ side, partials }) => launch('merge', mergeBindings(side, partials))),
    ...channels.map(({ side, own, partials }) => launch('mergeChannels', channelBindings(side, own, partials))),
    ...(pairs ? [launch('reduceScalars', { tiles: extent(scalarPartials.stats) })] : []),
  ];
  return [
    bits('scalars', 0),
    ...softmaxes.flatMap(({ side }) => [fill(`${side}Max`, -Infinity), fill(`${side}Sum`, 0)]),
    ...channels.map(({ side }) => bits(`${side}Extra`, 0)),
    ...(fused === undefined ? [] : clearTerms(fused.dots)),
    ...(needs.softmax ? [bits('flags', unset)] : []),
    ...ofPositives(needs, launch),
    loop('cols', [...packsOf(packs, 'cols', 'stats', launch), loop('rows', chunk)]),
    ...softmaxes.flatMap(({ side, own }) => [...(own.counted ? [launch('tally', tallyBindings(side, own))] : []), launch(`${side}Terms`, termBindings(side, needs))]),
    ...(needs.softmax ? [{ kind: 'guard', buffer: 'flags' } as const] : []),
  ];
}

function backward({ guide, stacked }: Needs, { packs, scalarPartials, accumulate }: TargetKernels, launch: Launcher): readonly Step[] {
  return [
    bits('scalars', 0),
    ...(stacked ? [bits('dEmbeddings', 0)] : [bits('dQueries', 0), bits('dKeys', 0)]),
    loop('rows', [
      ...packsOf(packs, 'rows', 'gradient', launch),
      loop('cols', [
        ...packsOf(packs, 'cols', 'gradient', launch),
        ...(guide ? [launch('guide')] : []),
        launch('gradient'),
        launch('reduceScalars', { tiles: extent(scalarPartials.gradient) }),
        ...accumulations(accumulate, launch),
      ]),
    ]),
  ];
}

/** Binds a kernel's parameters by name: the launch's own bindings first, then what every launch in a chunk has. */
function launcher(problem: Problem, needs: Needs, kernels: TargetKernels, declared: ReadonlySet<string>): Launcher {
  const common = { ...chunkBindings(kernels), ...embeddingBindings(problem, needs), ...attributeBindings(needs) };
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
