import type { Side } from '../../dsl/expression/nodes.js';
import { attributeParameter, ofPositiveParameter } from '../emit/places.js';
import type { Partials, TargetKernels } from '../targets/target.js';
import { flags, type Flag } from './buffers.js';
import { plus, times, type Extent } from './extent.js';
import type { Channel, Needs, SideNeeds } from './needs.js';
import type { Arg } from './plan.js';
import type { Problem } from './problem.js';
import { colStack } from './ring-buffers.js';

/** What kernels' parameters stand for, by their names. */
export type Bindings = Readonly<Record<string, Arg>>;

/**
 * Rows and columns of the chunk: each in a tensor of its own, or ranges of one stack. In a ring the columns are those of another
 * rank's stack.
 */
export function embeddingBindings({ dim, guideDim = dim, ring = false }: Problem, { stacked }: Needs): Bindings {
  const ofRows = (own: string, stack: string, depth: number): Arg => (stacked ? at(stack, times(plus('rowStart', 'row0'), depth)) : at(own, times('row0', depth)));
  const ofCols = (own: string, stack: string, depth: number): Arg => {
    if (!stacked) return at(own, times('col0', depth));
    return ring ? at(colStack(stack), times('col0', depth)) : at(stack, times(plus('colStart', 'col0'), depth));
  };
  return {
    queries: ofRows('queries', 'embeddings', dim),
    keys: ofCols('keys', 'embeddings', dim),
    dQueries: ofRows('dQueries', 'dEmbeddings', dim),
    dKeys: ofCols('dKeys', 'dEmbeddings', dim),
    guideQueries: ofRows('guideQueries', 'guides', guideDim),
    guideKeys: ofCols('guideKeys', 'guides', guideDim),
  };
}

/** Attributes of the chunk's rows and columns, and what masks read of positives. */
export function attributeBindings({ attributes, ofPositive }: Needs): Bindings {
  const bindings: Record<string, Arg> = {};
  for (const [side, base] of [['row', 'row0'], ['col', 'col0']] as const) {
    for (const name of attributes[side].pair) bindings[attributeParameter(side, name)] = at(attributeParameter(side, name), base);
    for (const name of ofPositive[side]) bindings[ofPositiveParameter(side, name)] = at(side === 'row' ? name : ofPositiveParameter(side, name), base);
  }
  return bindings;
}

export function chunkBindings(kernels: TargetKernels, ring: boolean): Bindings {
  const bindings: Record<string, Arg> = {
    positive: at('positive', 'row0'),
    positiveLogit: at('positiveLogit', 'row0'),
    positiveGuide: at('positiveGuide', 'row0'),
    rowPitch: extent(kernels.rowPartials.pitch),
    colPitch: extent(kernels.colPartials.pitch),
    colSlots: extent(kernels.colPartials.parts),
    guideCols: extent('chunkCols'),
    gradientPitch: extent(kernels.gradient.pitch),
    uniforms: { kind: 'uniforms' },
    threads: extent('workers'),
    ...(ring ? numbersInTheWhole : { row0: extent('row0'), col0: extent('col0'), rowStart: extent('rowStart'), colStart: extent('colStart'), split: extent('split') }),
  };
  for (const name of ['n', 'm', 'rows', 'cols', 'workers'] as const) bindings[name] = extent(name);
  for (const name of ['offset', 'sumFloor', 'gradientScale', 'gradientUnscale'] as const) bindings[name] = { kind: 'scalar', name };
  for (const suffix of ['Max', 'Sum', 'Scale', 'Pull', 'MeanPull']) {
    bindings[`row${suffix}`] = at(`row${suffix}`, 'row0');
    bindings[`col${suffix}`] = at(`col${suffix}`, 'col0');
  }
  return bindings;
}

/** Kernels of tiles go by the numbers that rows and columns have in the whole matrix. */
const numbersInTheWhole: Bindings = {
  row0: extent(plus('row0', 'rowShift')),
  col0: extent(plus('col0', 'colShift')),
  rowStart: extent('wholeRowStart'),
  colStart: extent('wholeColStart'),
  split: extent('wholeSplit'),
};

/** What adds a chunk's partial sums to the statistics. */
export function mergeBindings(side: 'row' | 'col', { parts, pitch }: Partials): Bindings {
  const [base, count] = side === 'row' ? (['row0', 'rows'] as const) : (['col0', 'cols'] as const);
  return {
    partialMax: at(`${side}PartialMax`),
    partialSum: at(`${side}PartialSum`),
    tiles: extent(parts),
    pitch: extent(pitch),
    count: extent(count),
    max: at(`${side}Max`, base),
    sum: at(`${side}Sum`, base),
  };
}

/** A channel's sums lie together: those of all rows, then the next channel's. */
export function channelBindings(side: Side, { channels }: SideNeeds, { parts, pitch }: Partials): Bindings {
  const [base, count, length] = side === 'row' ? (['row0', 'rows', 'n'] as const) : (['col0', 'cols', 'm'] as const);
  return {
    partial: at(`${side}PartialExtra`),
    extra: at(`${side}Extra`, base),
    channels: extent(channels.length),
    tiles: extent(parts),
    pitch: extent(pitch),
    count: extent(count),
    length: extent(length),
  };
}

/** Rows that have what the term needs of them. */
export function tallyBindings(side: Side, { channels }: SideNeeds): Bindings {
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

export function termBindings(side: Side, { attributes }: Needs, ring = false): Bindings {
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
    first: extent(0),
    count: extent(lengthOf(side)),
    start: extent(side === 'row' ? 'rowStart' : 'colStart'),
    split: extent('split'),
    firstQuery: extent(ring ? 'firstQuery' : 0),
    firstKey: extent(ring ? 'firstKey' : 0),
    positiveLogit: at('positiveLogit'),
    weight: { kind: 'scalar', name: side === 'row' ? 'rowWeight' : 'colWeight' },
  };
}

/** What ends a fused walk, over all rows and columns: it tells of a gradient that is not finite as terms tell of a sum. */
export function finishBindings(): Bindings {
  const whole = ['rowScale', 'rowPull', 'rowSum', 'positiveLogit', 'dQueries', 'dKeys'].map((name) => [name, at(name)] as const);
  return { ...Object.fromEntries(whole), allQueries: at('queries'), allKeys: at('keys'), outOfRange: flag('outOfRange') };
}

function flag(name: Flag): Arg {
  return at('flags', flags.indexOf(name));
}

function lengthOf(side: Side): 'n' | 'm' {
  return side === 'row' ? 'n' : 'm';
}

export function at(buffer: string, offset: Extent = 0): Arg {
  return { kind: 'buffer', buffer, offset };
}

export function extent(value: Extent): Arg {
  return { kind: 'extent', value };
}
