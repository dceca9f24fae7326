import { assertNever } from '../assert-never.js';
import { operatorNames, operators, type OperatorName } from '../expression/operators.js';

/** Functions that lambdas may call, by name: of Math, and of this package. From the operator table. */
export const mathFunctions: ReadonlyMap<string, OperatorName> = spelled('math');
export const libraryFunctions: ReadonlyMap<string, OperatorName> = spelled('library');

export const mathConstants: ReadonlyMap<string, number> = new Map(
  (['E', 'LN10', 'LN2', 'LOG10E', 'LOG2E', 'PI', 'SQRT1_2', 'SQRT2'] as const).map((name) => [name, Math[name]]),
);

/** Operators written between or before their operands, by token. */
export const infixOperators: ReadonlyMap<string, OperatorName> = new Map([...tokens('infix'), ['==', 'equal'], ['!=', 'notEqual']]);
export const prefixOperators: ReadonlyMap<string, OperatorName> = new Map(tokens('prefix'));

/** How a call or an operator is named in messages. */
export function spelling(operator: OperatorName): string {
  const { syntax } = operators[operator];
  switch (syntax.form) {
    case 'infix':
    case 'prefix':
      return syntax.token;
    case 'conditional':
      return '?:';
    case 'call':
      return syntax.from === 'math' ? `Math.${syntax.name}` : syntax.name;
    default:
      return assertNever(syntax);
  }
}

function spelled(from: 'math' | 'library'): ReadonlyMap<string, OperatorName> {
  return new Map(
    operatorNames.flatMap((operator) => {
      const { syntax } = operators[operator];
      if (syntax.form === 'call' && syntax.from === from) return [[syntax.name, operator] as const];
      if (syntax.form === 'infix' && from === 'math' && syntax.math !== undefined) return [[syntax.math, operator] as const];
      return syntax.form === 'conditional' && from === 'library' ? [[syntax.library, operator] as const] : [];
    }),
  );
}

function tokens(form: 'infix' | 'prefix'): readonly (readonly [string, OperatorName])[] {
  return operatorNames.flatMap((operator) => {
    const { syntax } = operators[operator];
    return syntax.form === form ? [[syntax.token, operator] as const] : [];
  });
}
