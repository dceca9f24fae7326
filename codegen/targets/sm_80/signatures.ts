import { needsOf } from '../../plan/needs.js';
import type { KernelName } from '../cuda/kernel-name.js';
import { guideNames, operandNames } from '../cuda/operands.js';
import { float, int, read, signature, when, write, type Signature } from '../cuda/parameters.js';
import { gradientSignature, statsSignature } from '../cuda/pass-signatures.js';
import { termSignature } from '../cuda/term-signature.js';
import { vectorSignatures } from '../cuda/vector-signatures.js';
import type { Problem } from '../target.js';

/** What each kernel is given. Statistics, maps and arrays are there only for the terms that the loss has. */
export function signatures(problem: Problem): Readonly<Record<KernelName, Signature>> {
  const needs = needsOf(problem.loss, problem.reports);
  const names = operandNames(problem);
  const guides = guideNames(problem);
  const operands = [read('Element', names.queries), read('Element', names.keys)];
  const product = [int('rows'), int('cols'), read('Element', 'gradientTile'), int('gradientPitch')];
  const unscale = when(problem.precision === 'f16', float('gradientUnscale'));
  return {
    ...vectorSignatures(problem, needs),
    stats: statsSignature(problem, needs, operands),
    gradient: gradientSignature(problem, needs, operands, write('Element', 'gradientTile'), int('gradientPitch')),
    guide: signature(int('rows'), int('cols'), read('Element', guides.queries), read('Element', guides.keys), int('guideCols'), write('float', 'guideTile')),
    accumulateQueries: signature(...product, read('Element', names.keys), write('float', 'dQueries'), unscale),
    accumulateKeys: signature(...product, read('Element', names.queries), write('float', 'dKeys'), unscale),
    rowTerms: termSignature(problem, needs, 'row'),
    colTerms: termSignature(problem, needs, 'col'),
  };
}
