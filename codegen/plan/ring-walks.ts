import { attributeParameter, ofPositiveParameter } from '../emit/places.js';
import type { TargetKernels } from '../targets/target.js';
import { gradientTile } from './backward-walk.js';
import { at, extent } from './bindings.js';
import { times } from './extent.js';
import type { ForwardWalk } from './forward-walk.js';
import { readsOfPositives, type Needs, type SideNeeds } from './needs.js';
import type { RingWalk, RingWalks, SoftmaxMode, Step } from './plan.js';
import type { Problem } from './problem.js';
import { colStack, ringGradient, sumsOf, tileSum } from './ring-buffers.js';
import { bits, ofPositives, type Launcher } from './steps.js';

/**
 * The walks as a rank of a ring takes them, one tile after another: section 5. Buffers of columns are those of the shard at hand;
 * of what it gives to its columns a tile makes sums of its own, {@link tileSum}, where others are on their way to be added to.
 */
export function ringWalks(problem: Problem, needs: Needs, kernels: TargetKernels, forward: ForwardWalk, launch: Launcher): RingWalks {
  const { col, stacked } = needs;
  const positives = ofPositives(needs, launch);
  const before = readsOfPositives(needs);
  const embeddings = [
    stacked ? colStack('embeddings') : 'keys',
    ...(needs.guide ? [stacked ? colStack('guides') : 'guideKeys'] : []),
    ...needs.attributes.col.pair.map((name) => attributeParameter('col', name)),
  ];
  const keys = [...embeddings, ...needs.ofPositive.col.map((name) => ofPositiveParameter('col', name))];
  const gradient = ringGradient(needs);
  return {
    ...(before ? { positives: { ...nothing, begin: positives.begin, ofPositives: positives.tile, keys: embeddings } } : {}),
    forward: {
      begin: [...forward.begin, ...(before ? [] : positives.begin)],
      clear: forward.clear,
      ofPositives: before ? [] : positives.tile,
      tile: forward.tile,
      piece: forward.piece,
      merge: mergeSums(col, launch),
      end: forward.tally,
      keys,
      sums: sumsOf(col),
    },
    terms: forward.terms,
    backward: {
      begin: [bits('scalars', 0), bits(stacked ? 'dEmbeddings' : 'dQueries', 0)],
      clear: [bits(gradient, 0)],
      ofPositives: [],
      ...gradientTile(needs, kernels, launch),
      merge: [launch('add', { rows: extent('m'), from: at(tileSum(gradient)), to: at(gradient) })],
      // Embeddings that are rows and columns have gradients as both.
      end: stacked ? [launch('add', { rows: extent('m'), from: at(gradient), to: at('dEmbeddings', times('colStart', problem.dim)) })] : [],
      keys: [...keys, ...finishedSums(col, problem.softmax)],
      sums: [gradient],
    },
  };
}

/** A walk without steps. */
export const nothing: RingWalk = { begin: [], clear: [], ofPositives: [], tile: [], piece: { make: [], add: [] }, merge: [], end: [], keys: [], sums: [] };

function mergeSums(col: SideNeeds | undefined, launch: Launcher): readonly Step[] {
  if (col === undefined) return [];
  const one = { tiles: extent(1), pitch: extent('m'), count: extent('m') };
  const [max, sum, extra] = ['colMax', 'colSum', 'colExtra'] as const;
  return [
    ...(col.term === undefined ? [] : [launch('merge', { ...one, partialMax: at(tileSum(max)), partialSum: at(tileSum(sum)), max: at(max), sum: at(sum) })]),
    ...(col.channels.length === 0 ? [] : [launch('mergeChannels', { ...one, length: extent('m'), channels: extent(col.channels.length), partial: at(tileSum(extra)), extra: at(extra) })]),
  ];
}

/** What the gradients of pairs read of a column's softmax. */
function finishedSums(col: SideNeeds | undefined, softmax: SoftmaxMode): readonly string[] {
  if (col?.term === undefined) return [];
  return [...(softmax === 'running' ? ['colMax'] : []), 'colScale', ...(col.readsPositive ? ['colPull'] : []), ...(col.readsMean ? ['colMeanPull'] : [])];
}
