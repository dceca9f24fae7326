import { cOperators } from '../../emit/c-operators.js';
import type { Dialects } from '../../emit/epilogue.js';
import type { Dialect } from '../../emit/dialect.js';
import { floatLiteral } from '../../emit/literals.js';

/**
 * C++ with vector extensions: `vf` for numbers, `vm` for lane masks, `vi` for integers. See `templates/cpu/_constants.hbs`
 * and `templates/cpu/_functions.hbs`.
 */
const pair: Dialect = {
  types: { number: 'vf', boolean: 'vm', index: 'vi' },
  functionPrefix: 'static inline',
  number: (scalar) => `splat(${scalar})`,
  literal: floatLiteral,
  boolean: (value) => `splat(${value ? '-1' : '0'})`,
  // The least int32 has no literal of its own.
  index: (value) => `splat(${value === -(2 ** 31) ? 'INT32_MIN' : value})`,
  indexToNumber: (value) => `to_number(${value})`,
  operators: {
    ...cOperators,
    floorDivide: 'vifloor_divide({0}, {1})',
    exp: 'vexp({0})',
    log: 'vlog({0})',
    log1p: 'vlog1p({0})',
    expm1: 'vexpm1({0})',
    sqrt: 'vsqrt({0})',
    abs: 'vabs({0})',
    sign: 'vsign({0})',
    min: 'vmin({0}, {1})',
    max: 'vmax({0}, {1})',
    pow: 'vpow({0}, {1})',
    tanh: 'vtanh({0})',
    sigmoid: 'vsigmoid({0})',
    softplus: 'vsoftplus({0})',
    floor: 'vfloor({0})',
    and: '{0} & {1}',
    or: '{0} | {1}',
    not: '~{0}',
  },
  integerOperators: { min: 'vimin({0}, {1})', max: 'vimax({0}, {1})' },
};

export const cpuDialects: Dialects = {
  pair,
  term: { functionPrefix: 'static inline', call: (name) => `__builtin_${name}` },
};
