import { kernelContext, type KernelContext } from '../../emit/context.js';
import type { EmittedEpilogue } from '../../emit/epilogue.js';
import { render } from '../../emit/render.js';
import { vectorPartials } from '../../plan/buffers.js';
import { printTile } from '../../plan/tiling.js';
import type { Problem, ResolvedTiling, SourceText } from '../target.js';
import { placeView } from './places.js';
import { entryPoints } from './entry-points.js';
import { geometry, instructionNamed, ofGuide } from './geometry.js';
import type { CpuMachine } from './machines.js';
import { structOf } from './parameters.js';
import { softmaxTerms } from './terms.js';

/** One C++ file a pass. Only `stats`, `gradient`, `positives` and `terms` depend on the loss. */
export function emit(machine: CpuMachine, problem: Problem, tiling: ResolvedTiling, epilogue: EmittedEpilogue): readonly SourceText[] {
  const base = kernelContext(problem, machine.name, epilogue, printTile(tiling));
  const kernels = Object.fromEntries(Object.entries(entryPoints(problem)).map(([name, entry]) => [name, structOf(entry)]));
  const common = {
    ...base,
    row: placeView(base.row, base.row.fields),
    col: placeView(base.col, base.col.fields),
    masked: base.row.masked || base.col.masked,
    pull: base.row.pull || base.col.pull,
    mean: base.row.mean || base.col.mean,
    hasChannels: base.row.hasChannels || base.col.hasChannels,
    // With running maxima, logits that do not count are -infinity: rows and columns then look at different tiles.
    twoTiles: base.hasRows && base.hasCols && (base.row.masked || base.col.masked),
    lanes: machine.lanes,
    registers: machine.registers,
    registerConstraint: machine.registerConstraint,
    blockRows: tiling.block.rows,
    blockCols: tiling.block.cols,
    depth: tiling.block.depth,
    registerRows: tiling.register.rows,
    registerCols: tiling.register.cols,
    vectors: tiling.register.cols / machine.lanes,
    vectorPartials,
    kernels,
  };
  const pairs = instructionNamed(machine, tiling.instruction.name).step === 2;
  const ofLoss = { ...common, ...geometry(machine, problem, tiling), pairs };
  const ofMachine = { ...ofLoss, header: base.machineHeader };
  const guide = kernelContext(ofGuide(problem), machine.name, epilogue, printTile(tiling));
  const { logit, isPositive, rowCounts, colCounts, value, backward, rowChannels, colChannels, tileTest } = epilogue;
  const ofPair = [logit, isPositive, rowCounts, colCounts, value];
  return [
    file('stats', { ...ofLoss, ...functions([...ofPair, rowChannels, colChannels, tileTest], base.hasSoftmax) }),
    file('gradient', { ...ofLoss, ...functions([...ofPair, backward, tileTest], base.hasSoftmax) }),
    ...(base.hasPositiveLogits
      ? [file('positives', { ...ofLoss, hasTileTest: false, hasChannels: false, row: placeView(base.row, base.row.logitFields), col: placeView(base.col, base.col.logitFields), ...functions([logit], false) })]
      : []),
    ...(base.hasSoftmax ? [file('terms', { ...ofLoss, pairs: false, terms: termsOf(base, kernels) })] : []),
    ...(base.hasGuide ? [file('guide', { ...ofMachine, ...geometry(machine, ofGuide(problem), tiling), dim: guide.dim, header: guide.machineHeader })] : []),
    file('accumulate', { ...ofMachine, pairs: false }),
    file('pack', ofMachine),
    file('vectors', { ...ofMachine, pairs: false }),
  ];
}

type Structs = Readonly<Record<string, ReturnType<typeof structOf>>>;

function termsOf(context: KernelContext, kernels: Structs): readonly object[] {
  return [
    ...(context.hasRows ? [softmaxTerms('row', context, kernels['rowTerms'])] : []),
    ...(context.hasCols ? [softmaxTerms('col', context, kernels['colTerms'])] : []),
  ];
}

/** A file's functions of the loss, and the partials that those need. */
function functions(texts: readonly string[], softmax: boolean): object {
  const usesFunctions = texts.some((text) => /\bv[a-z]\w*\(/.test(text));
  return { functions: texts.filter((text) => text !== ''), usesExp: softmax || usesFunctions, usesFunctions };
}

function file(name: string, context: object): SourceText {
  return { path: `${name}.cpp`, text: render('cpu', name, context) };
}
