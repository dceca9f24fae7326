import { pairFields, type PlaceField } from '../../emit/places.js';
import { readsGuide, type Needs } from '../../plan/needs.js';
import type { Problem } from '../target.js';
import { arrays, float, int, read, signature, uniforms, when, write, type Declared, type Signature } from './parameters.js';

/** A tile's place, its operands as the target reads them, and what the loss reads of its rows and columns. */
export function tileParameters(problem: Problem, needs: Needs, operands: readonly Declared[]): readonly Declared[] {
  return [
    ...['rows', 'cols', 'row0', 'col0'].map(int),
    ...when(needs.stacked, int('rowStart'), int('colStart'), int('split')),
    ...operands,
    ...when(needs.relation === 'mapped', read('int', 'positive')),
    ...when(needs.positives, read('float', 'positiveLogit')),
    ...when(needs.guide, read('float', 'guideTile'), int('guideCols')),
    ...when(readsGuide(needs.ofPositive), read('float', 'positiveGuide')),
    ...arrays(fieldsOf(problem, needs)),
    ...when(needs.softmax && problem.softmax !== 'running', float('offset')),
    uniforms,
  ];
}

function fieldsOf({ loss }: Problem, needs: Needs): readonly PlaceField[] {
  return [...pairFields(loss, needs, 'row'), ...pairFields(loss, needs, 'col')];
}

/** Sums over a chunk: what each tile of it leaves behind. */
export function statsSignature(problem: Problem, needs: Needs, operands: readonly Declared[], ...beside: readonly (readonly Declared[])[]): Signature {
  const { loss, softmax } = problem;
  const side = (name: 'row' | 'col'): readonly Declared[] => {
    const own = needs[name];
    const [sums, extra] = [own?.term !== undefined, own !== undefined && own.channels.length > 0];
    return [
      ...when(sums || extra, int(`${name}Pitch`)),
      ...when(sums, write('float', `${name}PartialSum`)),
      ...when(sums && softmax === 'running', write('float', `${name}PartialMax`)),
      ...when(extra, write('float', `${name}PartialExtra`)),
    ];
  };
  return signature(tileParameters(problem, needs, operands), side('row'), side('col'), ...beside, when(loss.pairs !== undefined, write('float', 'scalarPartial')));
}

/** G of a chunk, and where it goes. */
export function gradientSignature(problem: Problem, needs: Needs, operands: readonly Declared[], ...output: readonly Declared[]): Signature {
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
    tileParameters(problem, needs, operands),
    side('row'),
    side('col'),
    output,
    when(problem.precision === 'f16', float('gradientScale')),
    write('float', 'scalarPartial'),
  );
}
