import type { PositiveAttribute } from '../../dsl/attributes.js';
import { ofPositiveParameter } from '../emit/places.js';
import type { Pack, Target, TargetKernels } from '../targets/target.js';
import {
  at, attributeBindings, channelBindings, chunkBindings, embeddingBindings, extent, mergeBindings, tallyBindings, termBindings, wholeAttributes, type Bindings,
} from './bindings.js';
import { declareBuffers, unset } from './buffers.js';
import type { Extent } from './extent.js';
import { needsOf, readsGuide, type Needs } from './needs.js';
import type { Arg, Kernel, Plan, Step, TensorMap } from './plan.js';
import type { Problem, ResolvedTiling } from './problem.js';

/** Lowers a loss for a target: section 2 (one pass for both directions) and 3 (recompute into a bounded workspace). */
export function lower(problem: Problem, target: Target, tiling: ResolvedTiling): Plan {
  const needs = needsOf(problem.loss, problem.reports);
  const kernels = target.describe(problem, tiling);
  const buffers = declareBuffers(problem, needs, kernels);
  const launch = launcher(problem, needs, kernels, new Set(buffers.map((buffer) => buffer.name)));
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
    kernels: [...Object.values(kernels.kernels), ...kernels.packs.map((pack) => pack.kernel)],
    inspect: inspect(needs, launch),
    forwardRows: kernels.forwardRows ?? 1,
    forward: forward(needs, problem.loss.pairs !== undefined, kernels, launch),
    backward: backward(needs, kernels, launch),
  };
}

type Launcher = (kernel: string | Kernel, bindings?: Bindings) => Step;

/** Largest norms and values that are not finite, of each tensor or of the stack. */
function inspect({ stacked }: Needs, launch: Launcher): readonly Step[] {
  const norms = (x: string, count: Extent, side: 'query' | 'key'): Step =>
    launch('norms', { x: at(x), count: extent(count), normPartial: at(`${side}Norms`), badRowPartial: at(`${side}BadRows`) });
  return stacked ? [norms('embeddings', 'stack', 'query')] : [norms('queries', 'n', 'query'), norms('keys', 'm', 'key')];
}

function forward(needs: Needs, pairs: boolean, { packs, rowPartials, colPartials, scalarPartials }: TargetKernels, launch: Launcher): readonly Step[] {
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
    ...(needs.softmax ? [bits('flags', unset)] : []),
    ...ofPositives(needs, launch),
    loop('cols', [...packsOf(packs, 'cols', 'stats', launch), loop('rows', chunk)]),
    ...softmaxes.flatMap(({ side, own }) => [...(own.counted ? [launch('tally', tallyBindings(side, own))] : []), launch(`${side}Terms`, termBindings(side, needs))]),
    ...(needs.softmax ? [{ kind: 'guard', buffer: 'flags' } as const] : []),
  ];
}

/** What is known of single positives before the tiles: their logits and guides, by row and by column. */
function ofPositives(needs: Needs, launch: Launcher): readonly Step[] {
  const { positives, ofPositive } = needs;
  if (!positives) return [];
  const gather = (name: PositiveAttribute): readonly Step[] =>
    ofPositive.col.includes(name) ? [launch('gather', { count: extent('m'), from: at(name), to: at(ofPositiveParameter('col', name)) })] : [];
  return [
    launch('positives', { ...wholeAttributes(needs), positive: at('positive') }),
    ...gather('positiveLogit'),
    ...(readsGuide(ofPositive) ? [launch('guidePositives', { positive: at('positive') }), ...gather('positiveGuide')] : []),
  ];
}

function backward({ guide, stacked }: Needs, { packs, scalarPartials }: TargetKernels, launch: Launcher): readonly Step[] {
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
        launch('accumulateQueries'),
        launch('accumulateKeys'),
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

function packsOf(packs: readonly Pack[], side: Pack['side'], pass: 'stats' | 'gradient', launch: Launcher): Step[] {
  return packs.filter((pack) => pack.side === side && (pack.neededBy === pass || pack.neededBy === 'both')).map((pack) => launch(pack.kernel));
}

function loop(axis: 'rows' | 'cols', body: readonly Step[]): Step {
  return { kind: 'for', axis, body };
}

function fill(buffer: string, value: number): Step {
  return { kind: 'fill', buffer, pattern: new Uint32Array(new Float32Array([value]).buffer)[0] ?? 0 };
}

function bits(buffer: string, pattern: number): Step {
  return { kind: 'fill', buffer, pattern };
}
