import type { ChunkLevel, PassLevel, Tiling } from '../../../dsl/tiling.js';
import type { PanelPlace, Passes, PassTiling, SimilarityTiling } from '../../plan/problem.js';
import { needsOf } from '../../plan/needs.js';
import { isUnrolled } from '../cuda/forms.js';
import { guideLayout, operandLayout, type OperandLayout } from '../cuda/layout.js';
import type { Problem, ResolvedTiling } from '../target.js';
import { mayFuse, sumsDots } from './fused.js';
import { accumulateRows, columnGroup, consumers, exactCols, limits, swizzleElements, usualMultiprocessors } from './limits.js';
import { accumulateBytes, forwardCols, forwardRows, mostThatFits, registerShares, registersOf, residentSteps, similaritySharedBytes, stagesThatFit, stepsOfPass, type SimilarityPass } from './passes.js';

/** Bytes of workspace a run takes unless told otherwise. */
export const defaultWorkspace = 1024 * 1024 * 1024;

/** Rows of a tile: two products of a warp group, so that each key is read from shared memory half as often. */
const tileRows = 128;

/**
 * Up to which as much of the panel stays as there is room for, so that turns are not bound by copies. Beyond, consumers share a tile
 * that is wider, and blocks the copies of keys. As measured on an H200.
 */
const splitSteps = 20;

/** K-steps of a panel that stays, from which on blocks share their copies of queries. As measured on an H200. */
const sharedSteps = 7;

/** Stages of the ring beside a part of a panel: more of one is less of the other. */
const splitStages = 6;

const colsTried = [128, 96, 64, 32] as const;

/** Sets what a tiling leaves open. What is there stays as it is, legal or not. */
export function fillIn(problem: Problem, tiling: Tiling): ResolvedTiling {
  const of = (pass: SimilarityPass): SimilarityTiling => similarityTiling(problem, tiling, pass);
  const passes = {
    stats: of('stats'),
    gradient: of('gradient'),
    ...(problem.loss.guide ? { guide: of('guide') } : {}),
    accumulate: accumulateTiling(problem, tiling.passes?.accumulate),
  };
  const { passes: own, ...levels } = tiling;
  const ofLevels = tiling.block === undefined || own === undefined ? passes.gradient : similarityTiling(problem, levels, 'gradient');
  const { rows, cols, stages, groupCols } = ofLevels;
  const block = { rows, cols, depth: swizzleElements, stages, group: 1, ...tiling.block };
  return {
    name: tiling.name,
    chunk: tiling.chunk ?? chunkFor(problem, passes),
    colsPerRound: colsPerRound(problem, passes),
    block,
    register: tiling.register ?? { rows: block.rows, cols: groupCols },
    instruction: tiling.instruction ?? { name: `wgmma.m64n${groupCols}k16` },
    passes,
  };
}

function similarityTiling(problem: Problem, { block, passes, register }: Tiling, pass: SimilarityPass): SimilarityTiling {
  const steps = stepsOfPass(problem, pass);
  const own: PassLevel = { ...block, ...passes?.[pass] };
  const ofRegister = passes?.[pass]?.cols === undefined ? register?.cols : undefined;
  const shared = own.consumers === 'together' || (own.cols !== undefined && ofRegister !== undefined && ofRegister < own.cols);
  const panel = own.panel ?? (shared ? 'streamed' : panelFor(problem, pass));
  const rows = own.rows ?? tileRows;
  const usual = own.rows === undefined && own.cols === undefined && ofRegister === undefined;
  const cluster = own.cluster ?? (panel === 'streamed' || (usual && sharesQueries(problem, pass, panel)) ? 2 : 1);
  const sharing = (own.consumers ?? (panel === 'streamed' ? 'together' : 'turns')) === 'together' ? consumers : 1;
  const groupCols = ofRegister ?? (own.cols === undefined ? colsFor(problem, pass, { rows, panel, cluster }) : own.consumers !== undefined ? own.cols / sharing : panel === 'streamed' ? groupColsOf(own.cols) : own.cols);
  const tile = { rows, cols: own.cols ?? groupCols * sharing, groupCols, panel, cluster };
  const bytesAt = (residentSteps: number, stages: number): number => similaritySharedBytes(problem, pass, { ...tile, residentSteps, stages });
  switch (panel) {
    case 'resident':
      return { ...tile, residentSteps: steps, stages: own.stages ?? stagesThatFit((stages) => bytesAt(steps, stages), Math.max(4, steps)) };
    case 'split': {
      const stages = own.stages ?? splitStages;
      return { ...tile, stages, residentSteps: mostThatFits((residentSteps) => bytesAt(residentSteps, stages), steps) };
    }
    case 'streamed':
      return { ...tile, residentSteps: 0, stages: own.stages ?? stagesThatFit((stages) => bytesAt(0, stages)) };
  }
}

/** Operands of several planes are read plane by plane: then no part of a panel is read often enough to stay. */
function panelFor(problem: Problem, pass: SimilarityPass): PanelPlace {
  const { planes } = pass === 'guide' ? guideLayout(problem) : operandLayout(problem);
  if (planes > 1) return 'streamed';
  const steps = stepsOfPass(problem, pass);
  return steps <= residentSteps ? 'resident' : steps <= splitSteps ? 'split' : 'streamed';
}

/**
 * Whether two blocks, with panels beside each other, share their copies of queries: where sums of exponentials are all that is made of
 * dots, and the tensor cores what a tile waits for. The GPU is then at its limit of power, of which copies that are shared take less.
 */
function sharesQueries(problem: Problem, pass: SimilarityPass, panel: PanelPlace): boolean {
  const { loss, softmax } = problem;
  return pass === 'stats' && panel === 'resident' && stepsOfPass(problem, pass) >= sharedSteps && isUnrolled(problem) && softmax === 'bounded' && loss.pairs === undefined;
}

/** Of a tile that is given, and streams: halves of wide ones, where those are whole groups of columns. */
function groupColsOf(cols: number): number {
  return cols > colsTried[0] && cols % (consumers * columnGroup) === 0 ? cols / consumers : cols;
}

/** The widest part of a tile whose sums the registers hold, and whose panel leaves room for a ring. */
function colsFor(problem: Problem, pass: SimilarityPass, { rows, panel, cluster }: Pick<SimilarityTiling, 'rows' | 'panel' | 'cluster'>): number {
  const residentSteps = panel === 'resident' ? stepsOfPass(problem, pass) : 0;
  const fits = (groupCols: number): boolean =>
    registersOf(problem, pass, { rows, groupCols }) <= registerShares({ cluster }).consumer &&
    similaritySharedBytes(problem, pass, { rows, cols: panel === 'streamed' ? consumers * groupCols : groupCols, groupCols, panel, residentSteps, cluster, stages: 3 }) <= limits.sharedBytes;
  return colsTried.find(fits) ?? 32;
}

/** The output's columns are the depth: as few as possible are left idle, and tiles as wide as possible. */
function accumulateTiling({ dim }: Problem, own: PassLevel = {}): PassTiling {
  const padded = (cols: number): number => Math.ceil(dim / cols) * cols;
  const cols = [256, 192, 128, 64].reduce((best, each) => (padded(each) < padded(best) ? each : best));
  const tile = { rows: accumulateRows, cols, cluster: 2, ...own };
  return { ...tile, stages: own.stages ?? stagesThatFit((stages) => accumulateBytes({ ...tile, stages }), 6) };
}

/**
 * Rows such that tiles of dQ share the multiprocessors evenly, and columns such that those of dK do, as many as the default
 * workspace has room for.
 */
function chunkFor(problem: Problem, { stats, accumulate }: Passes): ChunkLevel {
  const colTiles = Math.ceil(problem.dim / accumulate.cols);
  const rows = tileRows * (colTiles % 2 === 0 ? usualMultiprocessors / 2 : usualMultiprocessors);
  const most = problem.precision === 'f32' ? exactCols : 65_536;
  const fitting = Math.min(most, Math.floor((defaultWorkspace * 0.9 - fixedBytes(problem, rows)) / bytesPerColumn(problem, rows, stats)));
  const round = colsPerRound(problem, { accumulate });
  const granule = fitting >= round ? round : colGranule;
  return { rows, cols: Math.max(colGranule, Math.floor(fitting / granule) * granule), fit: 'shrink' };
}

/** Columns whose tiles of dK the multiprocessors make in whole rounds. */
function colsPerRound({ dim }: Problem, { accumulate }: Pick<Passes, 'accumulate'>): number {
  const colTiles = Math.ceil(dim / accumulate.cols);
  return (accumulate.rows * usualMultiprocessors) / commonDivisor(usualMultiprocessors, colTiles);
}

function commonDivisor(a: number, b: number): number {
  return b === 0 ? a : commonDivisor(b, a % b);
}

/** Whole tiles of every pass. */
const colGranule = 256;

/** Bytes of the workspace that each column of a chunk takes: G, the packed key, the guide's inner products, partial sums. */
function bytesPerColumn(problem: Problem, rows: number, { groupCols }: SimilarityTiling): number {
  const { row, col } = needsOf(problem.loss, problem.reports);
  const packed = ({ direct, planes, depthPadded }: OperandLayout): number => (direct ? 0 : 2 * planes * depthPadded);
  const layout = operandLayout(problem);
  const guide = problem.loss.guide ? 4 * rows + packed(guideLayout(problem)) : 0;
  const perTerm = problem.softmax === 'running' ? 2 : 1;
  const rowStates = (row?.term === undefined ? 0 : perTerm) + (row?.channels.length ?? 0);
  const dots = mayFuse(problem) && sumsDots(problem) ? (4 * rows) / groupCols : 0;
  const colStates = (col?.term === undefined ? 0 : perTerm) + (col?.channels.length ?? 0);
  return 2 * layout.gradientPlanes * rows + packed(layout) + guide + forwardCols(problem) * ((4 * rowStates * rows * forwardRows(problem)) / groupCols + 4 * colStates * 8 * 16) + dots;
}

function fixedBytes(problem: Problem, rows: number): number {
  const layout = operandLayout(problem);
  const packed = 2 * layout.planes * layout.depthPadded * rows;
  return (layout.direct ? 0 : packed * forwardRows(problem)) + (mayFuse(problem) ? packed : 0) + (problem.loss.guide ? 2 * 3 * guideLayout(problem).depthPadded * rows : 0);
}
