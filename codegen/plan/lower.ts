import type { Side } from '../../dsl/expression/nodes.js';
import type { PositiveAttribute } from '../../dsl/attributes.js';
import { attributeParameter, ofPositiveParameter } from '../emit/places.js';
import type { Pack, Target, TargetKernels } from '../targets/target.js';
import { declareBuffers, flags, unset, type Flag } from './buffers.js';
import { plus, times, type Extent } from './extent.js';
import { needsOf, readsGuide, type Channel, type Needs, type SideNeeds } from './needs.js';
import type { Arg, Kernel, Plan, Step } from './plan.js';
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
    forward: forward(needs, problem.loss.pairs !== undefined, kernels, launch),
    backward: backward(needs, kernels, launch),
  };
}

type Bindings = Readonly<Record<string, Arg>>;
type Launcher = (kernel: string | Kernel, bindings?: Bindings) => Step;

/** Largest norms and values that are not finite, of each tensor or of the stack. */
function inspect({ stacked }: Needs, launch: Launcher): readonly Step[] {
  const norms = (x: string, count: Extent, side: 'query' | 'key'): Step =>
    launch('norms', { x: at(x), count: extent(count), normPartial: at(`${side}Norms`), badRowPartial: at(`${side}BadRows`) });
  return stacked ? [norms('embeddings', 'stack', 'query')] : [norms('queries', 'n', 'query'), norms('keys', 'm', 'key')];
}

function forward(needs: Needs, pairs: boolean, { packs, rowTiles, colTiles }: TargetKernels, launch: Launcher): readonly Step[] {
  const sides = (['row', 'col'] as const).flatMap((side) => {
    const own = needs[side];
    return own === undefined ? [] : [{ side, own, tiles: side === 'row' ? colTiles : rowTiles }];
  });
  const softmaxes = sides.filter(({ own }) => own.term !== undefined);
  const channels = sides.filter(({ own }) => own.channels.length > 0);
  const chunk = [
    ...packsOf(packs, 'rows', 'stats', launch),
    ...(needs.guide ? [launch('guide')] : []),
    launch('stats'),
    ...softmaxes.map(({ side, tiles }) => launch('merge', mergeBindings(side, tiles))),
    ...channels.map(({ side, own, tiles }) => launch('mergeChannels', channelBindings(side, own, tiles))),
    ...(pairs ? [launch('reduceScalars')] : []),
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

function backward({ guide, stacked }: Needs, { packs }: TargetKernels, launch: Launcher): readonly Step[] {
  return [
    bits('scalars', 0),
    ...(stacked ? [bits('dEmbeddings', 0)] : [bits('dQueries', 0), bits('dKeys', 0)]),
    loop('rows', [
      ...packsOf(packs, 'rows', 'gradient', launch),
      loop('cols', [
        ...packsOf(packs, 'cols', 'gradient', launch),
        ...(guide ? [launch('guide')] : []),
        launch('gradient'),
        launch('reduceScalars'),
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
    const args = kernel.parameters.map(({ name }): Arg => {
      const arg = own[name] ?? common[name] ?? at(name);
      return arg.kind === 'buffer' && !declared.has(arg.buffer) ? { kind: 'null' } : arg;
    });
    return { kind: 'launch', kernel: kernel.name, args };
  };
}

function kernelNamed(kernels: TargetKernels, role: string): Kernel {
  const found = Object.entries(kernels.kernels).find(([name]) => name === role);
  if (found === undefined) throw new Error(`the target describes no kernel for '${role}'`);
  return found[1];
}

/** Rows and columns of the chunk, and all of them: each in a tensor of its own, or ranges of one stack. */
function embeddingBindings({ dim, guideDim = dim }: Problem, { stacked }: Needs): Bindings {
  const place = (own: string, stack: string, start: 'rowStart' | 'colStart', first: Extent, depth: number): Arg =>
    stacked ? at(stack, times(plus(start, first), depth)) : at(own, times(first, depth));
  return {
    queries: place('queries', 'embeddings', 'rowStart', 'row0', dim),
    keys: place('keys', 'embeddings', 'colStart', 'col0', dim),
    allQueries: place('queries', 'embeddings', 'rowStart', 0, dim),
    allKeys: place('keys', 'embeddings', 'colStart', 0, dim),
    dQueries: place('dQueries', 'dEmbeddings', 'rowStart', 'row0', dim),
    dKeys: place('dKeys', 'dEmbeddings', 'colStart', 'col0', dim),
    guideQueries: place('guideQueries', 'guides', 'rowStart', 'row0', guideDim),
    guideKeys: place('guideKeys', 'guides', 'colStart', 'col0', guideDim),
    allGuideQueries: place('guideQueries', 'guides', 'rowStart', 0, guideDim),
    allGuideKeys: place('guideKeys', 'guides', 'colStart', 0, guideDim),
  };
}

/** Attributes of the chunk's rows and columns, and what masks read of positives. */
function attributeBindings({ attributes, ofPositive }: Needs): Bindings {
  const bindings: Record<string, Arg> = {};
  for (const [side, base] of [['row', 'row0'], ['col', 'col0']] as const) {
    for (const name of attributes[side].pair) bindings[attributeParameter(side, name)] = at(attributeParameter(side, name), base);
    for (const name of ofPositive[side]) bindings[ofPositiveParameter(side, name)] = at(side === 'row' ? name : ofPositiveParameter(side, name), base);
  }
  return bindings;
}

function chunkBindings(kernels: TargetKernels): Bindings {
  const bindings: Record<string, Arg> = {
    positive: at('positive', 'row0'),
    rowPitch: extent('chunkRows'),
    colPitch: extent('chunkCols'),
    gradientPitch: extent(kernels.gradient.pitch),
    tiles: extent(times(kernels.rowTiles, kernels.colTiles)),
    uniforms: { kind: 'uniforms' },
  };
  for (const name of ['n', 'm', 'rows', 'cols', 'row0', 'col0', 'threads', 'split', 'rowStart', 'colStart'] as const) bindings[name] = extent(name);
  for (const name of ['offset', 'sumFloor', 'gradientScale', 'gradientUnscale'] as const) bindings[name] = { kind: 'scalar', name };
  for (const suffix of ['Max', 'Sum', 'Scale', 'Pull', 'MeanPull']) {
    bindings[`row${suffix}`] = at(`row${suffix}`, 'row0');
    bindings[`col${suffix}`] = at(`col${suffix}`, 'col0');
  }
  return bindings;
}

/** Partials of row sums come one per tile along the columns, and the other way round. */
function mergeBindings(side: 'row' | 'col', tiles: Extent): Bindings {
  const [base, count, pitch] = side === 'row' ? (['row0', 'rows', 'chunkRows'] as const) : (['col0', 'cols', 'chunkCols'] as const);
  return {
    partialMax: at(`${side}PartialMax`),
    partialSum: at(`${side}PartialSum`),
    tiles: extent(tiles),
    pitch: extent(pitch),
    count: extent(count),
    max: at(`${side}Max`, base),
    sum: at(`${side}Sum`, base),
  };
}

/** A channel's sums lie together: those of all rows, then the next channel's. */
function channelBindings(side: Side, { channels }: SideNeeds, tiles: Extent): Bindings {
  const [base, count, pitch, length] = side === 'row' ? (['row0', 'rows', 'chunkRows', 'n'] as const) : (['col0', 'cols', 'chunkCols', 'm'] as const);
  return {
    partial: at(`${side}PartialExtra`),
    extra: at(`${side}Extra`, base),
    channels: extent(channels.length),
    tiles: extent(tiles),
    pitch: extent(pitch),
    count: extent(count),
    length: extent(length),
  };
}

/** Rows that have what the term needs of them. */
function tallyBindings(side: Side, { channels }: SideNeeds): Bindings {
  const length = lengthOf(side);
  const channel = (name: Channel): Arg => (channels.includes(name) ? at(`${side}Extra`, times(length, channels.indexOf(name))) : { kind: 'null' });
  return {
    count: extent(length),
    positiveCount: channel('positiveCount'),
    counted: channel('count'),
    matched: at(`${side}Matched`),
    tally: at(`${side}Tally`),
  };
}

function termBindings(side: Side, { attributes }: Needs): Bindings {
  const own: Record<string, Arg> = Object.fromEntries(
    ['Max', 'Sum', 'Scale', 'Pull', 'MeanPull', 'Extra', 'Matched', 'Tally', 'Values', 'Params'].map((suffix) => [
      suffix.charAt(0).toLowerCase() + suffix.slice(1),
      at(`${side}${suffix}`),
    ]),
  );
  for (const name of attributes[side].term) own[attributeParameter(side, name)] = at(attributeParameter(side, name));
  return {
    ...own,
    lossPartial: at(`${side}Loss`),
    outOfRange: flag('outOfRange'),
    unmatched: flag(`${side}Unmatched`),
    empty: flag(`${side}Empty`),
    count: extent(lengthOf(side)),
    start: extent(side === 'row' ? 'rowStart' : 'colStart'),
    weight: { kind: 'scalar', name: side === 'row' ? 'rowWeight' : 'colWeight' },
  };
}

/** Attributes of all rows and columns, for kernels that walk no chunk. */
function wholeAttributes({ attributes }: Needs): Bindings {
  return Object.fromEntries((['row', 'col'] as const).flatMap((side) => attributes[side].pair.map((name) => [attributeParameter(side, name), at(attributeParameter(side, name))] as const)));
}

function flag(name: Flag): Arg {
  return at('flags', flags.indexOf(name));
}

function lengthOf(side: Side): 'n' | 'm' {
  return side === 'row' ? 'n' : 'm';
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

function at(buffer: string, offset: Extent = 0): Arg {
  return { kind: 'buffer', buffer, offset };
}

function extent(value: Extent): Arg {
  return { kind: 'extent', value };
}

function bits(buffer: string, pattern: number): Step {
  return { kind: 'fill', buffer, pattern };
}
