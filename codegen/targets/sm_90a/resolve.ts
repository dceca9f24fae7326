import type { Diagnostic } from '../../../dsl/diagnostics/index.js';
import type { KnobPlace, PassLevel, PassName, Tiling } from '../../../dsl/tiling.js';
import type { SimilarityTiling } from '../../plan/problem.js';
import { guideLayout, operandLayout } from '../cuda/layout.js';
import type { Problem, ResolvedTiling } from '../target.js';
import { refusalsInto, refuseWorkers, type Refuse } from '../refuse.js';
import { fillIn } from './defaults.js';
import { mayFuse } from './fused.js';
import { accumulateRows, columnGroup, consumers, instruction, limits, swizzleElements } from './limits.js';
import { accumulateBytes, isTogether, passesOf, registerShares, registersOf, similaritySharedBytes, stagesThatFit, stepsOfPass, type SimilarityPass } from './passes.js';

/** The tiling with every knob set, or all reasons why the target cannot run it. */
export function resolve(problem: Problem, tiling: Tiling): { readonly tiling?: ResolvedTiling; readonly diagnostics: readonly Diagnostic[] } {
  const found: Diagnostic[] = [];
  const refuse = refusalsInto(found, tiling);
  refuseWorkers('sm_90a', tiling.chunk, refuse);
  checkFused(problem, tiling, refuse);
  checkBlock(tiling, refuse);
  checkPasses(problem, tiling, refuse);
  const filled = fillIn(problem, tiling);
  // The limits count what only whole tiles have.
  if (found.length === 0) checkInside(filled, refuse);
  if (found.length === 0) checkLimits(problem, filled, placeIn(tiling), refuse);
  return found.length > 0 ? { diagnostics: found } : { tiling: filled, diagnostics: [] };
}

const rowsLegal = [64, 128];
/** Stages at the least of a ring whose stages hold one operand: two k-steps, of queries and of keys. */
const turnStages = 4;
/** Of larger ones a device runs fewer blocks at once than it has multiprocessors, and which number differs: a launch of one too many takes twice as long. */
const clustersLegal = [1, 2];

function checkBlock({ block }: Tiling, refuse: Refuse): void {
  if (block === undefined) return;
  const { rows, cols, depth, stages, group, cluster = 1 } = block;
  if (!rowsLegal.includes(rows)) refuse('block', `block.rows is ${rows}; a warp group of sm_90a multiplies 64 rows at a time, and holds the sums of one or two such products`, `Take ${rowsLegal.join(' or ')}.`);
  if (cols % columnGroup !== 0 || cols > instruction.mostCols) {
    refuse('block', `block.cols is ${cols}; a product of sm_90a has at most ${instruction.mostCols} columns, whose sums are worked on ${columnGroup} at a time`, `Take a multiple of ${columnGroup}, up to ${instruction.mostCols}.`);
  }
  if (depth !== swizzleElements) refuse('block', `block.depth is ${depth}; a k-step of sm_90a is a row of shared memory's swizzle, ${swizzleElements} numbers of 16 bits`, `Take ${swizzleElements}.`);
  if (stages !== undefined && stages < 2) refuse('block', `block.stages is ${stages}: one k-step of operands is read while the next arrives`, 'Take 2 or more.');
  if (group !== undefined && group !== 1) refuse('block', `block.group is ${group}; blocks of sm_90a walk down the rows of one panel of columns after the other`, 'Leave it out.');
  if (!clustersLegal.includes(cluster)) refuse('block', `block.cluster is ${cluster}`, `Take ${clustersLegal.join(' or ')}.`);
}

/** What is asked for must be there for the loss as it runs first; with running maxima, or ranks of positives, it may not be. */
function checkFused({ loss, dim, precision }: Problem, { chunk }: Tiling, refuse: Refuse): void {
  if (chunk?.backward !== 'fused' || mayFuse({ loss, dim, precision, softmax: 'bounded' })) return;
  refuse('chunk', `chunk.backward is 'fused'; sm_90a makes the gradients of '${loss.name}' by a walk of their own for ${precision} inputs`, "Take 'recompute', or leave it out: a softmax of rows alone, linear in the dot, is fused.");
}

function checkPasses(problem: Problem, { passes = {} }: Tiling, refuse: Refuse): void {
  for (const pass of ['stats', 'gradient', 'guide'] as const) {
    const { rows, cols, stages, cluster = 1, panel, consumers: shares } = passes[pass] ?? {};
    if (rows !== undefined && !rowsLegal.includes(rows)) refuse(pass, `rows of pass '${pass}' are ${rows}; a warp group of sm_90a holds the sums of one or two products of 64 rows`, `Take ${rowsLegal.join(' or ')}.`);
    const granule = shares === 'together' ? consumers * columnGroup : columnGroup;
    if (cols !== undefined && (cols % granule !== 0 || cols > instruction.mostCols)) {
      refuse(pass, `cols of pass '${pass}' are ${cols}; a product of sm_90a has at most ${instruction.mostCols} columns, whose sums are worked on ${granule} at a time`, `Take a multiple of ${granule}, up to ${instruction.mostCols}.`);
    }
    if (stages !== undefined && stages < 2) refuse(pass, `stages of pass '${pass}' are ${stages}: one k-step of operands is read while the next arrives`, 'Take 2 or more.');
    if (!clustersLegal.includes(cluster)) refuse(pass, `cluster of pass '${pass}' is ${cluster}`, `Take ${clustersLegal.join(' or ')}.`);
    if (shares === 'together' && panel !== undefined && panel !== 'streamed') refuse(pass, `consumers of pass '${pass}' share tiles, and read a panel that is '${panel}' only in turns`, "Take consumers 'turns', or panel 'streamed'.");
  }
  if (passes.guide !== undefined && !problem.loss.guide) refuse('guide', `the loss '${problem.loss.name}' has no guide, and no pass 'guide'`, 'Leave it out.');
  checkAccumulate(passes.accumulate, refuse);
}

function checkAccumulate({ rows = accumulateRows, cols, stages, cluster = 1 }: PassLevel = {}, refuse: Refuse): void {
  if (rows !== accumulateRows) refuse('accumulate', `rows of pass 'accumulate' are ${rows}; its ${consumers} warp groups have ${accumulateRows / consumers} rows each`, `Take ${accumulateRows}, or leave it out.`);
  if (cols !== undefined && (cols % swizzleElements !== 0 || cols > instruction.mostCols)) {
    refuse('accumulate', `cols of pass 'accumulate' are ${cols}; vectors come in blocks of ${swizzleElements} numbers, and a product has at most ${instruction.mostCols} columns`, `Take a multiple of ${swizzleElements}, up to ${instruction.mostCols}.`);
  }
  if (stages !== undefined && stages < 2) refuse('accumulate', `stages of pass 'accumulate' are ${stages}: one k-step of operands is read while the next arrives`, 'Take 2 or more.');
  if (!clustersLegal.includes(cluster)) refuse('accumulate', `cluster of pass 'accumulate' is ${cluster}`, `Take ${clustersLegal.join(' or ')}.`);
}

/** Where a pass's block was written: at a level of its own, or at the block's. */
function placeIn({ passes }: Tiling): (pass: PassName) => KnobPlace {
  return (pass) => (passes?.[pass] === undefined ? 'block' : pass);
}

function checkInside({ block, register, instruction: { name } }: ResolvedTiling, refuse: Refuse): void {
  const shares = block.cols / register.cols;
  if (register.rows !== block.rows || (shares !== 1 && shares !== consumers)) {
    refuse(
      'register',
      `register is ${register.rows} x ${register.cols}; of a block's tile of ${block.rows} x ${block.cols} a warp group of sm_90a has the whole, in its turn, or one half of the columns`,
      `Take ${block.rows} x ${block.cols}${block.cols % (consumers * columnGroup) === 0 ? ` or ${block.rows} x ${block.cols / consumers}` : ''}.`,
    );
  }
  if (shares === consumers && block.panel !== undefined && block.panel !== 'streamed') {
    refuse('register', `register has half of a tile's columns: its warp groups share tiles, and read a panel that is '${block.panel}' only in turns`, `Take ${block.rows} x ${block.cols}, or panel 'streamed'.`);
  }
  const legal = `wgmma.m64n${register.cols}k16`;
  if (name !== legal) refuse('instruction', `sm_90a does not multiply a tile of ${register.cols} columns by '${name}'`, `Its instruction is '${legal}'.`, 'INF3102');
}

function checkLimits(problem: Problem, tiling: ResolvedTiling, placeOf: (pass: PassName) => KnobPlace, refuse: Refuse): void {
  const { stats, gradient, guide, accumulate } = passesOf(tiling);
  const passes: readonly (readonly [SimilarityPass, SimilarityTiling])[] = [['stats', stats], ['gradient', gradient], ...(guide === undefined ? [] : [['guide', guide] as const])];
  for (const [pass, tile] of passes) {
    const layout = pass === 'guide' ? guideLayout(problem) : operandLayout(problem);
    if (tile.panel !== 'streamed' && layout.planes > 1) {
      refuse(placeOf(pass), `block.panel is '${tile.panel}'; operands of ${layout.planes} planes are read plane by plane`, "Take panel 'streamed'.");
      return;
    }
    if (!isTogether(tile) && tile.residentSteps < stepsOfPass(problem, pass) && tile.stages < turnStages) {
      refuse(placeOf(pass), `block.stages is ${tile.stages}; where warp groups take turns and keys stream, a stage holds a k-step of one operand, and two k-steps are in use at a time`, `Take ${turnStages} or more.`);
      return;
    }
    const registers = registersOf(problem, pass, tile);
    const { consumer } = registerShares(tile);
    if (registers > consumer) {
      refuse(placeOf(pass), `sums of ${tile.rows} x ${tile.groupCols} take about ${registers} registers a thread in pass '${pass}'; there are ${consumer}`, narrower(problem, pass, tile));
      return;
    }
    const bytes = similaritySharedBytes(problem, pass, tile);
    if (bytes > limits.sharedBytes) {
      const stages = stagesThatFit((count) => similaritySharedBytes(problem, pass, { ...tile, stages: count }), tile.stages);
      const fits = similaritySharedBytes(problem, pass, { ...tile, stages }) <= limits.sharedBytes && stages >= 2;
      refuse(placeOf(pass), `pass '${pass}' takes ${bytes} bytes of shared memory; a block has ${limits.sharedBytes}`, fits ? `Take at most ${stages} stages.` : "Take fewer columns, or panel 'streamed'.");
      return;
    }
  }  const bytes = accumulateBytes(accumulate);
  if (bytes > limits.sharedBytes) {
    const stages = stagesThatFit((count) => accumulateBytes({ ...accumulate, stages: count }), accumulate.stages);
    refuse(placeOf('accumulate'), `pass 'accumulate' takes ${bytes} bytes of shared memory; a block has ${limits.sharedBytes}`, `Take at most ${stages} stages.`);
  }
}

/** What to take instead of sums that the registers do not hold: the widest that they do. */
function narrower(problem: Problem, pass: SimilarityPass, { rows, groupCols, cluster }: SimilarityTiling): string {
  const { consumer } = registerShares({ cluster });
  let cols = groupCols - columnGroup;
  while (cols > 0 && registersOf(problem, pass, { rows, groupCols: cols }) > consumer) cols -= columnGroup;
  return cols > 0 ? `Take fewer columns, such as ${cols}.` : `Take ${rowsLegal[0]} rows.`;
}
