import { cLogic, cOperators } from '../../emit/c-operators.js';
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
    ...cOperators,
    ...cLogic,
    floorDivide: 'floorDivide({0}, {1})',
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
  },
  integerOperators: { min: 'min({0}, {1})', max: 'max({0}, {1})' },
};

/** The compiler's own functions of a double. */
const term: TermDialect = { functionPrefix: '__device__ __forceinline__', call: (name) => name };

export const cudaDialects: Dialects = { pair, term };
