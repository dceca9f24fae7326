import type { OperatorName } from '../../dsl/expression/operators.js';

type Texts = Readonly<Partial<Record<OperatorName, string>>>;

/** What every language of the C family writes alike, for scalars and for vectors. */
export const cOperators = {
  add: '{0} + {1}',
  subtract: '{0} - {1}',
  multiply: '{0} * {1}',
  divide: '{0} / {1}',
  remainder: '{0} % {1}',
  negate: '-{0}',
  less: '{0} < {1}',
  lessEqual: '{0} <= {1}',
  greater: '{0} > {1}',
  greaterEqual: '{0} >= {1}',
  equal: '{0} == {1}',
  notEqual: '{0} != {1}',
  select: '{0} ? {1} : {2}',
  stopGradient: '{0}',
} as const satisfies Texts;

/** And for booleans that are single bits of truth, not masks of lanes. */
export const cLogic = { and: '{0} && {1}', or: '{0} || {1}', not: '!{0}' } as const satisfies Texts;
