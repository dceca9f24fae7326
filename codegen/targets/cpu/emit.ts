import { kernelContext } from '../../emit/context.js';
import type { EmittedEpilogue } from '../../emit/epilogue.js';
import { render } from '../../emit/render.js';
import type { Problem, ResolvedTiling, SourceText } from '../target.js';
import { entryPoints } from './entry-points.js';
import { geometry, instructionNamed } from './geometry.js';
import type { CpuMachine } from './machines.js';
import { structOf } from './parameters.js';

/** Of a sum over a vector: as many entries whatever the number of threads. */
const vectorPartials = 256;

/** One C++ file a pass. Only `stats`, `gradient` and `positives` depend on the loss. */
export function emit(machine: CpuMachine, problem: Problem, tiling: ResolvedTiling, epilogue: EmittedEpilogue): readonly SourceText[] {
  const { block, register, instruction } = tiling;
  const pairs = instructionNamed(machine, instruction.name).step === 2;
  const context = {
    ...kernelContext(problem, machine.name, tiling, epilogue),
    ...geometry(machine, problem, tiling),
    lanes: machine.lanes,
    registers: machine.registers,
    registerConstraint: machine.registerConstraint,
    blockRows: block.rows,
    blockCols: block.cols,
    depth: block.depth,
    registerRows: register.rows,
    registerCols: register.cols,
    vectors: register.cols / machine.lanes,
    vectorPartials,
    kernels: Object.fromEntries(Object.entries(entryPoints).map(([name, entry]) => [name, structOf(entry)])),
  };
  const { logit, value, backward } = epilogue;
  const shared = { ...context, header: context.machineHeader, pairs: false };
  return [
    file('stats', { ...context, pairs, ...parts([logit, value], { backward: false, softmax: context.hasSoftmax }) }),
    file('gradient', { ...context, pairs, ...parts([logit, value, backward], { backward: true, softmax: context.hasSoftmax }) }),
    file('positives', { ...context, pairs, hasPairs: false, ...parts([logit], { backward: false, softmax: false }) }),
    file('accumulate', shared),
    file('pack', { ...shared, pairs }),
    file('vectors', shared),
  ];
}

/** Which partials a file that holds these texts of the loss needs. */
function parts(texts: readonly string[], { backward, softmax }: { backward: boolean; softmax: boolean }): object {
  const usesFunctions = texts.some((text) => /\bv[a-z]\w*\(/.test(text));
  return { withBackward: backward, usesExp: softmax || usesFunctions, usesFunctions };
}

function file(name: string, context: object): SourceText {
  return { path: `${name}.cpp`, text: render('cpu', name, context) };
}
