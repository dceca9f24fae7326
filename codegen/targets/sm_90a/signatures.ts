import { needsOf, type Needs } from '../../plan/needs.js';
import type { SimilarityTiling } from '../../plan/problem.js';
import type { Extent } from '../../plan/extent.js';
import type { KernelName } from '../cuda/kernel-name.js';
import { guideDimOf, guideLayout, operandLayout, type OperandLayout } from '../cuda/layout.js';
import { guideNames, operandNames } from '../cuda/operands.js';
import { float, int, signature, when, write, type Declared, type Signature } from '../cuda/parameters.js';
import { gradientSignature, statsSignature } from '../cuda/pass-signatures.js';
import { termSignature } from '../cuda/term-signature.js';
import { vectorSignatures } from '../cuda/vector-signatures.js';
import type { Problem, ResolvedTiling } from '../target.js';
import { isFused } from './fused.js';
import { swizzleElements } from './limits.js';
import { boxCols, gradientLayout, isTogether, passesOf } from './passes.js';

/** The kernels of this target: it may take both products that accumulate in one. */
export type HopperKernelName = KernelName | 'accumulate';

/** What each kernel is given. Operands of the tensor cores are maps of tiles; statistics and arrays are there only where needed. */
export function signatures(problem: Problem, tiling: ResolvedTiling): Readonly<Record<HopperKernelName, Signature>> {
  const needs = needsOf(problem.loss, problem.reports);
  const { stats, gradient, guide = gradient, accumulate } = passesOf(tiling);
  const names = operandNames(problem);
  const layout = operandLayout(problem);
  const shape = [int('rows'), int('cols')];
  const unscale = when(problem.precision === 'f16', float('gradientUnscale'));
  const vectors = (name: string, of: string, rows: Extent): Declared => tiles(name, of, rows, problem.dim, layout, swizzleElements);
  const toQueries = [gradientTiles(problem, 'gradientRowTiles', accumulate.rows), vectors('keyBlocks', names.keys, 'cols'), write('float', 'dQueries')];
  const toKeys = [gradientTiles(problem, 'gradientColTiles', swizzleElements), vectors('queryBlocks', names.queries, 'rows'), write('float', 'dKeys')];
  return {
    ...vectorSignatures(problem, needs),
    stats: statsSignature(problem, needs, similarityTiles(layout, names, stats, problem.dim), when(hasColSums(needs), int('colSlots'))),
    gradient: gradientSignature(problem, needs, similarityTiles(layout, names, gradient, problem.dim), gradientBoxes(problem, gradient)),
    guide: signature(...shape, similarityTiles(guideLayout(problem), guideNames(problem), guide, guideDimOf(problem), 'guide'), int('guideCols'), write('float', 'guideTile')),
    accumulateQueries: signature(...shape, toQueries, unscale),
    accumulateKeys: signature(...shape, toKeys, unscale),
    accumulate: signature(...shape, toQueries, toKeys, unscale),
    rowTerms: termSignature(problem, needs, 'row', isFused(problem, tiling)),
    colTerms: termSignature(problem, needs, 'col'),
  };
}

function hasColSums({ col }: Needs): boolean {
  return col !== undefined && (col.term !== undefined || col.channels.length > 0);
}

/** Tiles of queries, and of keys. Of what a cluster's blocks share, each brings a part: of the keys, or of the queries where consumers take turns. */
export function similarityTiles(layout: OperandLayout, names: { readonly queries: string; readonly keys: string }, tile: SimilarityTiling, depth: number, prefix = ''): readonly Declared[] {
  const { rows, cols, cluster } = tile;
  const [boxRows, boxCols] = isTogether(tile) ? [rows, cols / cluster] : [rows / cluster, cols];
  const name = (text: string): string => (prefix === '' ? text : prefix + text.charAt(0).toUpperCase() + text.slice(1));
  return [tiles(name('queryTiles'), names.queries, 'rows', depth, layout, boxRows), tiles(name('keyTiles'), names.keys, 'cols', depth, layout, boxCols)];
}

/** Where a warp writes what it has of G. */
export function gradientBoxes(problem: Problem, tile: SimilarityTiling): Declared {
  return gradientTiles(problem, 'gradientBoxes', 16, boxCols(tile));
}

function gradientTiles(problem: Problem, name: string, rows: number, cols = swizzleElements): Declared {
  const { planes, pitch, planePitch } = gradientLayout(problem);
  return tensorMap(name, { of: 'gradientTile', rows: 'rows', cols: 'cols', pitch, planes, planePitch, boxRows: rows, boxCols: cols });
}

/** A map of embeddings: in place, or packed as [row][plane][depthPadded]. */
function tiles(name: string, of: string, rows: Extent, depth: number, { direct, planes, depthPadded }: OperandLayout, boxRows: number): Declared {
  return tensorMap(name, { of, rows, cols: direct ? depth : depthPadded, pitch: planes * depthPadded, planes, planePitch: depthPadded, boxRows, boxCols: swizzleElements });
}

function tensorMap(name: string, map: Extract<Declared['parameter'], { type: 'tensorMap' }>['map']): Declared {
  return { parameter: { name, type: 'tensorMap', map }, text: `const __grid_constant__ TensorMap ${name}` };
}
