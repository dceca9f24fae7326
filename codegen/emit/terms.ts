import type { Side } from '../../dsl/expression/nodes.js';
import { cLogic, cOperators } from './c-operators.js';
import type { TermDerivatives } from './derivatives.js';
import type { Dialect } from './dialect.js';
import { ExpressionWriter } from './expression-writer.js';
import { doubleLiteral } from './literals.js';
import type { UniformFields } from './uniforms.js';

/** How a host language calls the functions of a C library in double precision. */
export interface TermDialect {
  readonly functionPrefix: string;
  /** `exp` as it is called: `exp`, `__builtin_exp`. */
  readonly call: (name: string) => string;
}

/**
 * What a row (column) adds to the loss, and its derivatives, in fp64: there are N of them, and the loss is their sum.
 * `positiveLogit` and `meanLogit` are NaN where the term does not read them.
 */
export function emitTerm(termDialect: TermDialect, uniforms: UniformFields, side: Side, term: TermDerivatives | undefined): string {
  if (term === undefined) return '';
  const struct = side === 'row' ? 'RowTerm' : 'ColTerm';
  const place = side === 'row' ? 'const RowOfTerm& row' : 'const ColOfTerm& col';
  const numbers = ['double lse', 'double positiveLogit', 'double meanLogit'];
  const writer = new ExpressionWriter(doubleDialect(termDialect), uniforms);
  const text = writer.function(`${struct} ${side}_term`, [...numbers, place, 'const Uniforms& uniforms'], (body) => {
    const derivatives = [term.byLse, term.byPositiveLogit, term.byMeanLogit].map((derivative) => body.text(derivative));
    const params = term.byParams.map((derivative) => body.text(derivative));
    return [`return {${[body.text(term.value), ...derivatives].join(', ')}${params.length === 0 ? '' : `, {${params.join(', ')}}`}};`];
  });
  const byParams = term.byParams.length === 0 ? '' : `  double byParams[${term.byParams.length}];\n`;
  return `struct ${struct} {\n  double value;\n  double byLse;\n  double byPositiveLogit;\n  double byMeanLogit;\n${byParams}};\n\n${text}`;
}

function doubleDialect({ functionPrefix, call }: TermDialect): Dialect {
  const unary = (name: string) => `${call(name)}({0})`;
  const smaller = '({0} < {1} ? {0} : {1})';
  const larger = '({0} > {1} ? {0} : {1})';
  return {
    types: { number: 'double', boolean: 'bool', index: 'int' },
    functionPrefix,
    number: (scalar) => (scalar.startsWith('uniforms.') ? `static_cast<double>(${scalar})` : scalar),
    literal: doubleLiteral,
    boolean: String,
    index: String,
    indexToNumber: (value) => `static_cast<double>(${value})`,
    operators: {
      ...cOperators,
      ...cLogic,
      floorDivide: '({0} >= 0 ? {0} / {1} : -((-{0} + {1} - 1) / {1}))',
      exp: unary('exp'),
      log: unary('log'),
      log1p: unary('log1p'),
      expm1: unary('expm1'),
      sqrt: unary('sqrt'),
      abs: unary('fabs'),
      sign: 'static_cast<double>(({0} > 0.0) - ({0} < 0.0))',
      min: smaller,
      max: larger,
      pow: `${call('pow')}({0}, {1})`,
      tanh: unary('tanh'),
      sigmoid: `1.0 / (1.0 + ${call('exp')}(-{0}))`,
      softplus: `${call('fmax')}({0}, 0.0) + ${call('log1p')}(${call('exp')}(-${call('fabs')}({0})))`,
      floor: unary('floor'),
    },
    integerOperators: {},
  };
}
