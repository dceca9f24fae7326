import { vectorPartials } from '../../plan/buffers.js';
import { ceilDiv, max, min, plus, printExtent, times, type Extent } from '../../plan/extent.js';
import { needsOf } from '../../plan/needs.js';
import type { Kernel } from '../../plan/plan.js';
import type { PassTiling, SimilarityTiling } from '../../plan/problem.js';
import { elementType } from '../cuda/layout.js';
import { needed } from '../cuda/needed.js';
import { packing } from '../cuda/packing.js';
import { callerKernels, vectorKernel, vectorKernels } from '../cuda/vector-kernels.js';
import type { KernelRole, Partials, Problem, ResolvedTiling, TargetKernels } from '../target.js';
import { isFused } from './fused.js';
import { fusedBuffers, fusedKernels } from './fused-kernels.js';
import { consumers, consumerWarps, groupThreads } from './limits.js';
import { accumulateBytes, forwardCols, forwardRows, gradientLayout, passesOf, sharers, similaritySharedBytes, type SimilarityPass } from './passes.js';
import { signatures, type HopperKernelName } from './signatures.js';

const threads = (consumers + 1) * groupThreads;

/** Kernels, their launch geometry, and the workspace they need. */
export function describe(problem: Problem, tiling: ResolvedTiling): TargetKernels {
  const passes = passesOf(tiling);
  const parameters = signatures(problem, tiling);
  const kernel = (name: HopperKernelName, file: string, grid: Extent, sharedBytes: number): Kernel => ({ name, file, parameters: parameters[name].parameters, grid, threads, sharedBytes });
  const similarity = (name: SimilarityPass): Kernel => {
    const tile = passes[name] ?? passes.gradient;
    return kernel(name, `${name}.cu`, times(tile.cluster, clustersOf(tile)), similaritySharedBytes(problem, name, tile));
  };
  const output = passes.accumulate;
  const outputTiles = (rows: Extent): Extent => times(ceilDiv(rows, output.rows * output.cluster), Math.ceil(problem.dim / output.cols));
  const accumulate = (name: HopperKernelName, tiles: Extent): Kernel => kernel(name, 'accumulate.cu', times(output.cluster, min(clustersAtOnce(output), tiles)), accumulateBytes(output));

  const vector = vectorKernel(parameters);
  const all: Readonly<Record<KernelRole, Kernel>> = {
    ...vectorKernels(vector),
    guide: similarity('guide'),
    stats: similarity('stats'),
    gradient: similarity('gradient'),
    accumulateQueries: accumulate('accumulateQueries', outputTiles('rows')),
    accumulateKeys: accumulate('accumulateKeys', outputTiles('cols')),
  };
  const needs = needsOf(problem.loss, problem.reports);
  const { pitch } = gradientLayout(problem);
  const { packs, workspace } = packing(problem, vector);
  const fused = isFused(problem, tiling) ? fusedKernels(problem, tiling, all.gradient, rowPartials(passes.gradient)) : undefined;
  const partials = rowPartials(passes.stats);
  const most = times(consumerWarps, mostBlocks([passes.stats, passes.gradient]));
  const scalars = (tile: SimilarityTiling): Extent => times(consumerWarps * tile.cluster, clustersOf(tile));
  return {
    // Of embeddings that are rows and columns, gradients are added to by one launch after the other.
    kernels: needed(all, needs, problem.ring === true, needs.stacked),
    ...callerKernels(vector, problem.ring === true),
    ...(needs.stacked ? {} : { accumulate: accumulate('accumulate', plus(outputTiles('rows'), outputTiles('cols'))) }),
    packs,
    workspace: [...workspace, ...(fused === undefined ? [] : fusedBuffers(problem, fused))],
    rowPartials: { ...partials, count: fused === undefined ? partials.count : larger(partials.count, fused.rowPartials.count) },
    colPartials: colPartials(passes.stats),
    scalarPartials: { stats: scalars(passes.stats), gradient: scalars(passes.gradient), most: fused === undefined ? most : max(most, vectorPartials) },
    forwardRows: forwardRows(problem),
    forwardCols: forwardCols(problem),
    ...(fused === undefined ? {} : { fused }),
    gradient: { element: elementType(problem.precision), pitch, count: times('chunkRows', pitch) },
  };
}

/** The maximum, written as one extent where both are the same. */
function larger(a: Extent, b: Extent): Extent {
  return printExtent(a) === printExtent(b) ? a : max(a, b);
}

/** Steps of a cluster down the rows, and across the panels, of a chunk: its blocks share a panel, or rows where consumers take turns. */
const rowSteps = (tile: SimilarityTiling): Extent => ceilDiv('rows', tile.rows * sharers(tile));
const panelSteps = (tile: SimilarityTiling): Extent => ceilDiv('cols', tile.cols * (tile.cluster / sharers(tile)));
const panels = (tile: SimilarityTiling): Extent => times(tile.cluster / sharers(tile), panelSteps(tile));

/** Clusters that a device runs at once, one at the least: a block of them has a multiprocessor to itself. */
const clustersAtOnce = ({ cluster }: PassTiling): Extent => (cluster === 1 ? 'workers' : max(1, ceilDiv(plus('workers', 1 - cluster), cluster)));

function clustersOf(tile: SimilarityTiling): Extent {
  return min(clustersAtOnce(tile), times(rowSteps(tile), panelSteps(tile)));
}

/** Blocks of a launch are at most the multiprocessors, or one cluster. */
function mostBlocks(tiles: readonly PassTiling[]): Extent {
  const cluster = Math.max(...tiles.map((tile) => tile.cluster));
  return cluster === 1 ? 'workers' : max('workers', cluster);
}

/** A tile leaves the sums of its rows: one part for each panel, and consumer that has a share of it. */
function rowPartials(tile: SimilarityTiling): Partials {
  const parts = times(tile.cols / tile.groupCols, panels(tile));
  return { parts, pitch: 'chunkRows', count: times(parts, 'chunkRows') };
}

/**
 * Each warp leaves what it summed of a panel's columns, for every cluster with a share in the panel: at most two more
 * than there are clusters to a panel, and no more than the panel has steps.
 */
function colPartials(tile: SimilarityTiling): Partials {
  const perCluster = (consumerWarps * sharers(tile) * tile.groupCols) / tile.cols;
  const sharing = min(rowSteps(tile), plus(ceilDiv(clustersAtOnce(tile), panelSteps(tile)), 2));
  const pitch = times(tile.cols, panels(tile));
  // ceil(clusters / steps) + 2 is at most clusters / steps + 3, so this holds for a chunk with fewer steps too.
  const most = min(times(rowSteps(tile), panelSteps(tile)), plus(clustersAtOnce(tile), times(3, panelSteps(tile))));
  return { parts: times(perCluster, sharing), pitch, count: times((perCluster * tile.cols * tile.cluster) / sharers(tile), most) };
}
