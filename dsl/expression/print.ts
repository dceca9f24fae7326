import { assertNever } from '../assert-never.js';
import type { Apply, Constant, Expression } from './nodes.js';
import { operators, precedence } from './operators.js';

interface Printed {
  readonly text: string;
  readonly precedence: number;
}

const printed = new WeakMap<Expression, Printed>();

/**
 * The expression as a line of mathematics in TypeScript's notation, with no parenthesis that is not needed. Different
 * expressions print differently, and what is printed, with `Math.` before Math's functions, is the body of a lambda.
 */
export function printExpression(expression: Expression): string {
  return print(expression).text;
}

function print(expression: Expression): Printed {
  const known = printed.get(expression);
  if (known !== undefined) return known;
  const made = printNode(expression);
  printed.set(expression, made);
  return made;
}

function printNode(expression: Expression): Printed {
  switch (expression.kind) {
    case 'constant':
      return printConstant(expression);
    case 'input':
      return atom(expression.name);
    case 'parameter':
      return atom(/^[A-Za-z_$][\w$]*$/.test(expression.name) ? `params.${expression.name}` : `(${expression.name})`);
    case 'attribute':
      return atom(`${expression.side}.${expression.name}`);
    case 'apply':
      return printApply(expression);
    default:
      return assertNever(expression);
  }
}

function printConstant({ value }: Constant): Printed {
  if (typeof value === 'boolean' || Number.isNaN(value)) return atom(String(value));
  const negative = value < 0 || Object.is(value, -0);
  return negative ? { text: `-${-value}`, precedence: precedence.unary } : atom(String(value));
}

function printApply({ operator, operands }: Apply): Printed {
  const { syntax } = operators[operator];
  const operand = (i: number, least: number): string => {
    const child = operands[i];
    return child === undefined ? '?' : parenthesised(print(child), least);
  };
  switch (syntax.form) {
    case 'infix': {
      const own = syntax.precedence;
      // `**` groups to the right, and takes no sign on its left.
      const [left, right] = own === precedence.power ? [precedence.atom, own] : [own, own + 1];
      return { text: `${operand(0, left)} ${syntax.token} ${operand(1, right)}`, precedence: own };
    }
    case 'prefix': {
      // -(1) is a negation, -1 a constant.
      const text = operands[0]?.kind === 'constant' ? `(${operand(0, precedence.conditional)})` : operand(0, precedence.atom);
      return { text: `${syntax.token}${text}`, precedence: precedence.unary };
    }
    case 'conditional':
      return {
        text: `${operand(0, precedence.or)} ? ${operand(1, precedence.or)} : ${operand(2, precedence.conditional)}`,
        precedence: precedence.conditional,
      };
    case 'call':
      return atom(`${syntax.name}(${operands.map((_, i) => operand(i, precedence.conditional)).join(', ')})`);
    default:
      return assertNever(syntax);
  }
}

function atom(text: string): Printed {
  return { text, precedence: precedence.atom };
}

function parenthesised({ text, precedence: own }: Printed, least: number): string {
  return own >= least ? text : `(${text})`;
}
