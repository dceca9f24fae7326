import { plus, roundUp, times } from '../../plan/extent.js';
import type { Extent } from '../../plan/extent.js';
import { needsOf, readsGuide, type Needs } from '../../plan/needs.js';
import type { Buffer, Kernel } from '../../plan/plan.js';
import { tilePartials } from '../tile-partials.js';
import type { KernelRole, Pack, Problem, ResolvedTiling, TargetKernels } from '../target.js';
import { entryPoints, type PackName } from './entry-points.js';
import { geometry, guideGeometry } from './geometry.js';
import type { CpuMachine } from './machines.js';
import { kernelOf } from './parameters.js';

/** Kernels of a CPU and the workspace they need. All of them run on every thread they are given: no launch geometry. */
export function describe(machine: CpuMachine, problem: Problem, tiling: ResolvedTiling): TargetKernels {
  const { block, register } = tiling;
  const { steps, panel, paddedDim } = geometry(machine, problem, tiling);
  const needs = needsOf(problem.loss, problem.reports);
  const entries = entryPoints(problem);
  const pack = (name: PackName, side: Pack['side'], written: string, neededBy: Pack['neededBy']): Pack => ({
    kernel: kernelOf(entries[name]),
    side,
    buffer: written,
    neededBy,
  });
  const [rows, cols] = [roundUp('chunkRows', register.rows), roundUp('chunkCols', register.cols)];
  // A register tile's height more than whole tiles: panels of G then start in different sets of the caches.
  const pitch = plus(rows, register.rows);
  const guideSteps = guideGeometry(machine, problem, tiling).steps;
  return {
    kernels: Object.fromEntries(rolesOf(needs, problem.ring === true).map((role) => [role, kernelOf(entries[role])])) satisfies Partial<Record<KernelRole, Kernel>>,
    packs: [
      pack('packQueryPanels', 'rows', 'queryPanels', 'both'),
      pack('packKeyPanels', 'cols', 'keyPanels', 'both'),
      pack('packQueryRows', 'rows', 'queryRows', 'gradient'),
      pack('packKeyRows', 'cols', 'keyRows', 'gradient'),
      ...(needs.guide
        ? [pack('packGuideQueryPanels', 'rows', 'guideQueryPanels', 'both'), pack('packGuideKeyPanels', 'cols', 'guideKeyPanels', 'both')]
        : []),
    ],
    workspace: [
      buffer('queryPanels', times(rows, steps)),
      buffer('keyPanels', times(cols, steps)),
      buffer('queryRows', times(roundUp('chunkRows', block.depth), paddedDim)),
      buffer('keyRows', times(roundUp('chunkCols', block.depth), paddedDim)),
      ...(needs.guide
        ? [buffer('guideQueryPanels', times(rows, guideSteps)), buffer('guideKeyPanels', times(cols, guideSteps)), buffer('guideTile', times(rows, cols))]
        : []),
    ],
    ...tilePartials(block),
    gradient: { element: 'f32', pitch, count: times(pitch, roundUp('chunkCols', panel)) },
  };
}

/** The kernels that a loss launches; `ring`: where ranks share it. */
export function rolesOf({ positives, softmax, row, col, ofPositive, guide }: Needs, ring: boolean): readonly KernelRole[] {
  const sides = [row, col].filter((side) => side !== undefined);
  const wanted: Readonly<Record<KernelRole, boolean>> = {
    norms: true,
    add: ring,
    positives,
    gather: ofPositive.col.length > 0,
    guide,
    guidePositives: readsGuide(ofPositive),
    stats: true,
    merge: softmax,
    mergeChannels: sides.some(({ channels }) => channels.length > 0),
    tally: sides.some(({ counted }) => counted),
    rowTerms: row?.term !== undefined,
    colTerms: col?.term !== undefined,
    gradient: true,
    reduceScalars: true,
    accumulateQueries: true,
    accumulateKeys: true,
  };
  return kernelRoles.filter((role) => wanted[role]);
}

/** In the order of a run. */
const kernelRoles = [
  ...(['norms', 'positives', 'gather', 'guide', 'guidePositives', 'stats', 'merge', 'mergeChannels', 'tally', 'rowTerms', 'colTerms'] as const),
  ...(['gradient', 'reduceScalars', 'accumulateQueries', 'accumulateKeys', 'add'] as const),
] satisfies readonly KernelRole[];

/** f32, or words of two bf16. */
function buffer(name: string, count: Extent): Buffer {
  return { name, role: 'workspace', element: 'f32', count };
}
