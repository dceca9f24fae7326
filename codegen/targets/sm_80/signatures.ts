import { pairFields, type PlaceField } from '../../emit/places.js';
import { needsOf, readsGuide, type Needs } from '../../plan/needs.js';
import type { Problem } from '../target.js';
import type { KernelName } from './kernel-name.js';
import { guideNames, operandNames } from './operands.js';
import { arrays, float, int, read, signature, uniforms, when, write, type Declared, type Signature } from './parameters.js';
import { termSignature } from './term-signature.js';
import { vectorSignatures } from './vector-signatures.js';

/** What each kernel is given. Statistics, maps and arrays are there only for the terms that the loss has. */
export function signatures(problem: Problem): Readonly<Record<KernelName, Signature>> {
  const needs = needsOf(problem.loss, problem.reports);
  const operands = operandNames(problem);
  const guides = guideNames(problem);
  const product = [int('rows'), int('cols'), read('Element', 'gradientTile'), int('gradientPitch')];
  const unscale = when(problem.precision === 'f16', float('gradientUnscale'));
  return {
    ...vectorSignatures(problem, needs),
    stats: statsSignature(problem, needs),
    gradient: gradientSignature(problem, needs),
    guide: signature(int('rows'), int('cols'), read('Element', guides.queries), read('Element', guides.keys), int('colPitch'), write('float', 'guideTile')),
    accumulateQueries: signature(...product, read('Element', operands.keys), write('float', 'dQueries'), unscale),
    accumulateKeys: signature(...product, read('Element', operands.queries), write('float', 'dKeys'), unscale),
    rowTerms: termSignature(problem, needs, 'row'),
    colTerms: termSignature(problem, needs, 'col'),
  };
}

/** A tile's place, its operands, and what the loss reads of its rows and columns. */
function tileParameters(problem: Problem, needs: Needs): readonly Declared[] {
  const operands = operandNames(problem);
  return [
    ...['rows', 'cols', 'row0', 'col0'].map(int),
    ...when(needs.stacked, int('rowStart'), int('colStart'), int('split')),
    read('Element', operands.queries),
    read('Element', operands.keys),
    ...when(needs.relation === 'mapped', read('int', 'positive')),
    ...when(needs.positives, read('float', 'positiveLogit')),
    ...when(needs.guide, read('float', 'guideTile'), int('colPitch')),
    ...when(readsGuide(needs.ofPositive), read('float', 'positiveGuide')),
    ...arrays(fieldsOf(problem, needs)),
    ...when(needs.softmax && problem.softmax !== 'running', float('offset')),
    uniforms,
  ];
}

function fieldsOf({ loss }: Problem, needs: Needs): readonly PlaceField[] {
  return [...pairFields(loss, needs, 'row'), ...pairFields(loss, needs, 'col')];
}

function statsSignature(problem: Problem, needs: Needs): Signature {
  const { loss, softmax } = problem;
  const side = (name: 'row' | 'col', pitchKnown: boolean): readonly Declared[] => {
    const own = needs[name];
    const [sums, extra] = [own?.term !== undefined, own !== undefined && own.channels.length > 0];
    return [
      ...when((sums || extra) && !pitchKnown, int(`${name}Pitch`)),
      ...when(sums, write('float', `${name}PartialSum`)),
      ...when(sums && softmax === 'running', write('float', `${name}PartialMax`)),
      ...when(extra, write('float', `${name}PartialExtra`)),
    ];
  };
  return signature(tileParameters(problem, needs), side('row', false), side('col', needs.guide), when(loss.pairs !== undefined, write('float', 'scalarPartial')));
}

function gradientSignature(problem: Problem, needs: Needs): Signature {
  const side = (name: 'row' | 'col'): readonly Declared[] => {
    const own = needs[name];
    if (own?.term === undefined) return [];
    return [
      read('float', `${name}Scale`),
      ...when(problem.softmax === 'running', read('float', `${name}Max`)),
      ...when(own.readsPositive, read('float', `${name}Pull`)),
      ...when(own.readsMean, read('float', `${name}MeanPull`)),
    ];
  };
  return signature(
    tileParameters(problem, needs),
    side('row'),
    side('col'),
    write('Element', 'gradientTile'),
    int('gradientPitch'),
    when(problem.precision === 'f16', float('gradientScale')),
    write('float', 'scalarPartial'),
  );
}
