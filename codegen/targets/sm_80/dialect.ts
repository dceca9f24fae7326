import type { Dialect } from '../../emit/dialect.js';
import type { Dialects } from '../../emit/epilogue.js';
import { floatLiteral } from '../../emit/literals.js';
import type { TermDialect } from '../../emit/terms.js';

/** CUDA C++: one pair at a time. Functions are those that the compiler knows without a header, accurate to a few ulps. */
const pair: Dialect = {
  types: { number: 'float', boolean: 'bool', index: 'int' },
  functionPrefix: '__device__ __forceinline__',
  number: (scalar) => scalar,
  literal: floatLiteral,
  boolean: String,
  index: String,
  indexToNumber: (value) => `static_cast<float>(${value})`,
  operators: {
    add: '{0} + {1}',
    subtract: '{0} - {1}',
    multiply: '{0} * {1}',
    divide: '{0} / {1}',
    remainder: '{0} % {1}',
    floorDivide: 'floorDivide({0}, {1})',
    negate: '-{0}',
    exp: 'expf({0})',
    log: 'logf({0})',
    log1p: 'log1pf({0})',
    expm1: 'expm1f({0})',
    sqrt: 'sqrtf({0})',
    abs: 'fabsf({0})',
    sign: 'signOf({0})',
    min: 'fminf({0}, {1})',
    max: 'fmaxf({0}, {1})',
    pow: 'powf({0}, {1})',
    tanh: 'tanhf({0})',
    sigmoid: 'sigmoidOf({0})',
    softplus: 'softplusOf({0})',
    floor: 'floorf({0})',
    less: '{0} < {1}',
    lessEqual: '{0} <= {1}',
    greater: '{0} > {1}',
    greaterEqual: '{0} >= {1}',
    equal: '{0} == {1}',
    notEqual: '{0} != {1}',
    and: '{0} && {1}',
    or: '{0} || {1}',
    not: '!{0}',
    select: '{0} ? {1} : {2}',
    stopGradient: '{0}',
  },
  integerOperators: { min: 'min({0}, {1})', max: 'max({0}, {1})' },
};

/** The compiler's own functions of a double. */
const term: TermDialect = { functionPrefix: '__device__ __forceinline__', call: (name) => name };

export const cudaDialects: Dialects = { pair, term };
