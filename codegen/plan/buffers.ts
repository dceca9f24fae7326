import type { Side } from '../../dsl/expression/nodes.js';
import { attributeParameter, ofPositiveParameter } from '../emit/places.js';
import type { Partials, TargetKernels } from '../targets/target.js';
import { times, type Extent } from './extent.js';
import { readsGuide, type Needs, type SideNeeds } from './needs.js';
import type { Buffer, Element } from './plan.js';
import type { Problem } from './problem.js';
import { colStack, ringGradient, sumsOf, tileSum } from './ring-buffers.js';

/** Partial sums over vectors have this many entries, whatever the number of workers, so that results do not depend on it. */
export const vectorPartials = 256;

/**
 * What a walk finds out, a word each, in buffer `flags`: whether a sum has left fp32's range (1), and the first row (column)
 * without a positive, and without anything that counts. {@link unset} where there is none.
 */
export const flags = ['outOfRange', 'rowUnmatched', 'rowEmpty', 'colUnmatched', 'colEmpty'] as const;
export type Flag = (typeof flags)[number];

/** Beyond every row number: a minimum over it is the first row found. */
export const unset = 2 ** 31 - 1;

export function declareBuffers(problem: Problem, needs: Needs, kernels: TargetKernels): readonly Buffer[] {
  const { loss, softmax, ring = false } = problem;
  const scalarCount = 1 + loss.params.length;
  return [
    ...embeddings(problem, needs),
    statistic('scalars', 'f64', scalarCount),
    ...['queryNorms', 'keyNorms'].map((name) => statistic(name, 'f32', vectorPartials)),
    ...['queryBadRows', 'keyBadRows'].map((name) => statistic(name, 'i32', vectorPartials)),
    ...(needs.relation === 'mapped' ? [statistic('positive', 'i32', 'n')] : []),
    ...(needs.positives ? [statistic('positiveLogit', 'f32', 'n')] : []),
    ...(readsGuide(needs.ofPositive) ? [statistic('positiveGuide', 'f32', 'n')] : []),
    ...(needs.softmax ? [statistic('flags', 'i32', flags.length)] : []),
    ...attributes(problem, needs),
    ...(['row', 'col'] as const).flatMap((side) => {
      const own = needs[side];
      return own === undefined ? [] : sideBuffers(side, own, needs, kernels, { running: softmax === 'running', params: loss.params.length });
    }),
    ...(ring ? ringBuffers(problem, needs) : []),
    workspace('scalarPartial', 'f32', times(kernels.scalarPartials.most, scalarCount)),
    workspace('gradientTile', kernels.gradient.element, kernels.gradient.count),
    ...kernels.workspace,
  ];
}

/** What is of the shard of columns at hand: of a stack the part that its columns are, and the sums that a tile makes on its own. */
function ringBuffers({ dim, guideDim = dim, precision }: Problem, needs: Needs): readonly Buffer[] {
  const { stacked, guide, col } = needs;
  const gradient = statistic(ringGradient(needs), 'f32', times('m', dim));
  const counts: Readonly<Record<string, Extent>> = { colExtra: times('m', col?.channels.length ?? 0) };
  return [
    ...(stacked ? [statistic(colStack('embeddings'), precision, times('m', dim)), gradient] : []),
    ...(stacked && guide ? [statistic(colStack('guides'), precision, times('m', guideDim))] : []),
    ...sumsOf(col).map((name) => statistic(tileSum(name), 'f32', counts[name] ?? 'm')),
    { ...gradient, name: tileSum(gradient.name) },
  ];
}

/** Inputs and their gradients: two tensors, or the one stack that rows and columns are ranges of. */
function embeddings({ dim, guideDim = dim, precision }: Problem, { stacked, guide }: Needs): readonly Buffer[] {
  const input = (name: string, count: Extent, depth: number): Buffer => ({ name, role: 'input', element: precision, count: times(count, depth) });
  const output = (name: string, count: Extent): Buffer => ({ name, role: 'output', element: 'f32', count: times(count, dim) });
  if (stacked) return [input('embeddings', 'stack', dim), ...(guide ? [input('guides', 'stack', guideDim)] : []), output('dEmbeddings', 'stack')];
  return [
    input('queries', 'n', dim),
    input('keys', 'm', dim),
    ...(guide ? [input('guideQueries', 'n', guideDim), input('guideKeys', 'm', guideDim)] : []),
    output('dQueries', 'n'),
    output('dKeys', 'm'),
  ];
}

function attributes({ loss }: Problem, { attributes: read, ofPositive, relation }: Needs): readonly Buffer[] {
  const of = (side: Side): readonly Buffer[] => {
    const [count, types] = side === 'row' ? (['n', loss.attributes.rows] as const) : (['m', loss.attributes.cols] as const);
    const names = [...new Set([...read[side].pair, ...read[side].term])];
    return [
      ...names.map((name): Buffer => ({ name: attributeParameter(side, name), role: 'input', element: types[name] ?? 'f32', count })),
      ...(side === 'col' ? ofPositive.col : []).map((name) => statistic(ofPositiveParameter(side, name), 'f32', count)),
    ];
  };
  const gathers = ofPositive.col.length > 0 && relation === 'mapped';
  return [...of('row'), ...of('col'), ...(gathers ? [statistic('rowOfCol', 'i32', 'm')] : [])];
}

function sideBuffers(side: Side, own: SideNeeds, needs: Needs, kernels: TargetKernels, { running, params }: { running: boolean; params: number }): readonly Buffer[] {
  const [length, { count }]: [Extent, Partials] = side === 'row' ? ['n', kernels.rowPartials] : ['m', kernels.colPartials];
  const channels = own.channels.length;
  return [
    ...(channels > 0 ? [statistic(`${side}Extra`, 'f32', times(length, channels)), workspace(`${side}PartialExtra`, 'f32', times(count, channels))] : []),
    ...(own.term === undefined
      ? []
      : [
          statistic(`${side}Max`, 'f32', length),
          statistic(`${side}Sum`, 'f32', length),
          statistic(`${side}Scale`, 'f32', length),
          ...(own.readsPositive ? [statistic(`${side}Pull`, 'f32', length)] : []),
          ...(own.readsMean ? [statistic(`${side}MeanPull`, 'f32', length)] : []),
          ...(needs.relation === 'mapped' ? [statistic(`${side}Matched`, 'f32', length)] : []),
          ...(own.counted ? [statistic(`${side}Tally`, 'f64', 1)] : []),
          statistic(`${side}Loss`, 'f64', vectorPartials),
          statistic(`${side}Values`, 'f64', length),
          ...(params > 0 ? [statistic(`${side}Params`, 'f64', vectorPartials * params)] : []),
          workspace(`${side}PartialSum`, 'f32', count),
          ...(running ? [workspace(`${side}PartialMax`, 'f32', count)] : []),
        ]),
  ];
}

function statistic(name: string, element: Element, count: Extent): Buffer {
  return { name, role: 'statistic', element, count };
}

function workspace(name: string, element: Element, count: Extent): Buffer {
  return { name, role: 'workspace', element, count };
}
