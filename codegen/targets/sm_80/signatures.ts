import { hasSoftmax, positivesForm } from '../../plan/positives.js';
import type { KernelRole, Problem } from '../target.js';
import { operandLayout } from './geometry.js';
import { float, int, read, signature, uniforms, when, write, type Signature } from './parameters.js';

export type KernelName = KernelRole | 'packQueries' | 'packKeys';

/** Names of the operands of the tensor cores: the inputs themselves, or their packed copies. */
export function operandNames(problem: Problem): { readonly queries: string; readonly keys: string } {
  return operandLayout(problem).direct ? { queries: 'queries', keys: 'keys' } : { queries: 'packedQueries', keys: 'packedKeys' };
}

/** What each kernel is given. Statistics, index map and scales are there only for the terms that the loss has. */
export function signatures(problem: Problem): Readonly<Record<KernelName, Signature>> {
  const { loss, precision } = problem;
  const [rows, cols, pairs] = [loss.rows !== undefined, loss.cols !== undefined, loss.pairs !== undefined];
  const softmax = hasSoftmax(loss);
  const running = softmax && problem.softmax === 'running';
  const mapped = positivesForm(loss) === 'mapped';
  const f16 = precision === 'f16';
  const operands = operandNames(problem);

  const chunk = [int('rows'), int('cols'), int('row0'), int('col0')];
  const operandPair = [read('Element', operands.queries), read('Element', operands.keys)];
  const positiveMap = when(mapped, read('int', 'positive'));
  const positiveLogit = when(softmax, read('float', 'positiveLogit'));
  const offset = when(softmax && !running, float('offset'));
  const product = [int('rows'), int('cols'), read('Element', 'gradientTile'), int('gradientPitch')];
  const unscale = when(f16, float('gradientUnscale'));
  return {
    stats: signature(
      ...chunk,
      ...operandPair,
      positiveMap,
      positiveLogit,
      offset,
      uniforms,
      when(rows, int('rowPitch'), write('float', 'rowPartialSum')),
      when(rows && running, write('float', 'rowPartialMax')),
      when(cols, int('colPitch'), write('float', 'colPartialSum')),
      when(cols && running, write('float', 'colPartialMax')),
      when(pairs, write('float', 'scalarPartial')),
    ),
    gradient: signature(
      ...chunk,
      ...operandPair,
      positiveMap,
      positiveLogit,
      when(softmax, read('float', 'positiveWeight')),
      offset,
      uniforms,
      when(rows, read('float', 'rowScale')),
      when(rows && running, read('float', 'rowMax')),
      when(cols, read('float', 'colScale')),
      when(cols && running, read('float', 'colMax')),
      write('Element', 'gradientTile'),
      int('gradientPitch'),
      when(f16, float('gradientScale')),
      write('float', 'scalarPartial'),
    ),
    accumulateQueries: signature(...product, read('Element', operands.keys), write('float', 'dQueries'), unscale),
    accumulateKeys: signature(...product, read('Element', operands.queries), write('float', 'dKeys'), unscale),
    positives: signature(
      int('n'),
      when(!mapped, int('m')),
      read('Input', 'allQueries'),
      read('Input', 'allKeys'),
      positiveMap,
      read('float', 'positiveWeight'),
      uniforms,
      write('float', 'positiveLogit'),
      write('double', 'positiveLoss'),
    ),
    norms: signature(int('count'), read('Input', 'x'), write('float', 'normPartial'), write('int', 'badRowPartial')),
    packQueries: signature(int('rows'), read('Input', 'queries'), write('Element', 'packedQueries')),
    packKeys: signature(int('cols'), read('Input', 'keys'), write('Element', 'packedKeys')),
    merge: signature(
      int('count'),
      int('tiles'),
      int('pitch'),
      when(running, read('float', 'partialMax')),
      read('float', 'partialSum'),
      when(!running, float('offset')),
      write('float', 'max'),
      write('float', 'sum'),
    ),
    scale: signature(
      int('count'),
      read('float', 'max'),
      read('float', 'sum'),
      float('weight'),
      read('float', 'weights'),
      float('sumFloor'),
      write('float', 'scale'),
      write('double', 'lossPartial'),
      write('int', 'outOfRange'),
    ),
    reduceScalars: signature(int('tiles'), read('float', 'scalarPartial'), write('double', 'scalars')),
  };
}
