import type { Problem } from '../target.js';
import { guideLayout, operandLayout } from './layout.js';

/** Names of the operands of the tensor cores: the inputs themselves, or their packed copies. */
export interface OperandNames {
  readonly queries: string;
  readonly keys: string;
}

export function operandNames(problem: Problem): OperandNames {
  return operandLayout(problem).direct ? { queries: 'queries', keys: 'keys' } : { queries: 'packedQueries', keys: 'packedKeys' };
}

export function guideNames(problem: Problem): OperandNames {
  return guideLayout(problem).direct ? { queries: 'guideQueries', keys: 'guideKeys' } : { queries: 'packedGuideQueries', keys: 'packedGuideKeys' };
}
