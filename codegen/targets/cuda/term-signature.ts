import type { Side } from '../../../dsl/expression/nodes.js';
import { termFields } from '../../emit/places.js';
import { knowsPositive, type Needs } from '../../plan/needs.js';
import type { Problem } from '../target.js';
import { arrays, float, int, read, signature, uniforms, when, write, type Signature } from './parameters.js';

/** What the kernel of a side's softmax term is given; `ranged`: one that takes some rows at a time, and adds to its partial results. */
export function termSignature({ loss }: Problem, needs: Needs, side: Side, ranged = false): Signature {
  const own = needs[side];
  const pull = own?.readsPositive === true;
  return signature(
    when(ranged, int('first')),
    int('count'),
    when(knowsPositive(needs, side), int('n'), read('float', 'positiveLogit')),
    read('float', 'max'),
    read('float', 'sum'),
    float('weight'),
    when(needs.relation === 'mapped', read('float', 'matched')),
    when(own?.counted === true, read('double', 'tally')),
    float('sumFloor'),
    when(own !== undefined && own.channels.length > 0, read('float', 'extra')),
    arrays(termFields(loss, needs, side)),
    ...(needs.stacked ? [['start', 'split', 'firstQuery', 'firstKey'].map(int)] : [int(side === 'row' ? 'firstQuery' : 'firstKey')]),
    uniforms,
    write('float', 'scale'),
    when(pull, write('float', 'pull')),
    when(own?.readsMean === true, write('float', 'meanPull')),
    write('double', 'lossPartial'),
    write('double', 'values'),
    when(loss.params.length > 0, write('double', 'params')),
    write('int', 'outOfRange'),
    write('int', 'empty'),
    write('int', 'unmatched'),
  );
}
