import { assertNever } from '../../dsl/assert-never.js';
import { isUniform, operandTypes, printExpression, signatureFor, typeOf } from '../../dsl/expression/index.js';
import type { Apply, Constant, Expression, ValueType } from '../../dsl/expression/nodes.js';
import type { OperatorName } from '../../dsl/expression/operators.js';
import type { Dialect } from './dialect.js';
import { memberOf } from './places.js';
import type { UniformFields } from './uniforms.js';

/**
 * Writes expressions of a loss as functions of a target's language. Subexpressions that do not depend on the pair become
 * fields of `struct Uniforms`.
 */
export class ExpressionWriter {
  readonly #dialect: Dialect;
  readonly #uniforms: UniformFields;

  constructor(dialect: Dialect, uniforms: UniformFields) {
    this.#dialect = dialect;
    this.#uniforms = uniforms;
  }

  /** `lines` receives a body that names subexpressions; their declarations come first, each used more than once. */
  function(head: string, parameters: readonly string[], lines: (body: FunctionBody) => readonly string[]): string {
    const uses = new Map<string, number>();
    lines(new FunctionBody(this.#dialect, this.#uniforms, uses, true));
    const body = new FunctionBody(this.#dialect, this.#uniforms, uses, false);
    const last = lines(body);
    const text = [...body.declarations, ...last].map((line) => `  ${line}\n`).join('');
    return `${this.#dialect.functionPrefix} ${head}(${parameters.join(', ')}) {\n${text}}`;
  }
}

/** One function's text. A counting pass finds the subexpressions that recur; the writing pass names those. */
export class FunctionBody {
  readonly declarations: string[] = [];
  readonly #dialect: Dialect;
  readonly #uniforms: UniformFields;
  readonly #uses: Map<string, number>;
  readonly #counting: boolean;
  readonly #names = new Map<string, string>();

  constructor(dialect: Dialect, uniforms: UniformFields, uses: Map<string, number>, counting: boolean) {
    this.#dialect = dialect;
    this.#uniforms = uniforms;
    this.#uses = uses;
    this.#counting = counting;
  }

  /** Wherever `expression` occurs, the function has it already under this name. */
  alias(expression: Expression, name: string): void {
    if (expression.kind === 'apply') this.#names.set(printExpression(expression), name);
  }

  /** The expression as a number, or as the boolean that it is. */
  text(expression: Expression): string {
    return this.#as(expression, typeOf(expression) === 'boolean' ? 'boolean' : 'number');
  }

  /** The text, in parentheses unless it is a name, a literal or a call. */
  operand(expression: Expression): string {
    return parenthesised(this.text(expression));
  }

  /** `factor * expression`, without the multiplication by 0 or 1. */
  product(factor: string, expression: Expression): string | undefined {
    if (isNumber(expression, 0)) return undefined;
    return isNumber(expression, 1) ? factor : this.#write('multiply', [factor, this.operand(expression)]);
  }

  sum(left: string | undefined, right: Expression | undefined): string {
    if (right === undefined || isNumber(right, 0)) return left ?? this.#constant({ kind: 'constant', value: 0 }, 'number');
    const text = this.operand(right);
    return left === undefined ? text : this.#write('add', [parenthesised(left), text]);
  }

  #as(expression: Expression, wanted: ValueType): string {
    if (expression.kind === 'constant') return this.#constant(expression, wanted);
    if (wanted === 'number' && isUniform(expression)) return this.#dialect.number(this.#uniforms.field(expression));
    // A choice of whole constants is a number, unless it stands beside an index.
    const type = wanted === 'index' ? 'index' : typeOf(expression);
    const text = this.#own(expression, type);
    return wanted === 'number' && type === 'index' ? this.#dialect.indexToNumber(text) : text;
  }

  #own(expression: Exclude<Expression, Constant>, type: ValueType): string {
    switch (expression.kind) {
      case 'input':
        return expression.name;
      case 'parameter':
        return this.#dialect.number(this.#uniforms.field(expression));
      case 'attribute':
        return `${expression.side}.${memberOf(expression.name)}`;
      case 'apply':
        return this.#shared(expression, type);
      default:
        return assertNever(expression);
    }
  }

  #shared(expression: Apply, type: ValueType): string {
    const asInteger = type === 'index' && typeOf(expression) !== 'index';
    const key = `${asInteger ? 'integer ' : ''}${printExpression(expression)}`;
    const known = this.#names.get(key);
    if (known !== undefined) return known;
    const uses = (this.#uses.get(key) ?? 0) + 1;
    if (this.#counting) {
      this.#uses.set(key, uses);
      if (uses > 1) return key;
    }
    const types = operandTypes(expression.operands);
    const wanted = signatureFor(expression.operator, types)?.operands ?? types;
    // Indices are compared as integers, exactly; beside numbers they are numbers.
    const integers = asInteger || (types.length > 0 && types.every((type) => type === 'index' || type === 'boolean') && types.includes('index'));
    const operands = expression.operands.map((operand, i) => parenthesised(this.#as(operand, integers ? (types[i] === 'boolean' ? 'boolean' : 'index') : (wanted[i] ?? 'number'))));
    const text = this.#write(expression.operator, operands, integers);
    if (this.#counting || (this.#uses.get(key) ?? 0) < 2) return text;
    const name = `t${this.declarations.length}`;
    this.declarations.push(`const ${this.#dialect.types[type]} ${name} = ${text};`);
    this.#names.set(key, name);
    return name;
  }

  #write(operator: OperatorName, operands: readonly string[], integers = false): string {
    const { operators, integerOperators } = this.#dialect;
    const text = (integers ? integerOperators[operator] : undefined) ?? operators[operator];
    return text.replace(/\{(\d)\}/g, (_, index: string) => operands[Number(index)] ?? '');
  }

  #constant({ value }: Constant, wanted: ValueType): string {
    if (typeof value === 'boolean') return this.#dialect.boolean(value);
    return wanted === 'index' ? this.#dialect.index(value) : this.#dialect.number(this.#dialect.literal(value));
  }
}

function isNumber(expression: Expression, value: number): boolean {
  return expression.kind === 'constant' && expression.value === value;
}

export function parenthesised(text: string): string {
  return /^[\w.]+$/.test(text) || /^[\w<>]+\([^()]*\)$/.test(text) ? text : `(${text})`;
}
