import { assertNever } from '../../dsl/assert-never.js';
import { printExpression, typeOf } from '../../dsl/expression/index.js';
import type { Attribute, Constant, Expression } from '../../dsl/expression/nodes.js';
import type { Dialect } from './dialect.js';

/**
 * Writes expressions of a loss as functions of a target's language. Subexpressions that do not depend on the pair become
 * fields of `struct Uniforms`, shared by all functions of one writer.
 */
export class ExpressionWriter {
  readonly #dialect: Dialect;
  readonly #uniforms: { readonly key: string; readonly expression: Expression }[] = [];

  constructor(dialect: Dialect) {
    this.#dialect = dialect;
  }

  /** `lines` receives a body that names subexpressions; their declarations come first, each used more than once. */
  function(head: string, parameters: string, lines: (body: FunctionBody) => readonly string[]): string {
    const uses = new Map<string, number>();
    lines(new FunctionBody(this.#dialect, (expression) => this.#uniform(expression), uses, true));
    const body = new FunctionBody(this.#dialect, (expression) => this.#uniform(expression), uses, false);
    const last = lines(body);
    const text = [...body.declarations, ...last].map((line) => `  ${line}\n`).join('');
    return `${this.#dialect.functionPrefix} ${head}(${parameters}) {\n${text}}`;
  }

  uniformValues(): readonly Expression[] {
    return this.#uniforms.map(({ expression }) => expression);
  }

  uniformsStruct(): string {
    const fields = this.#uniforms.map(({ key }, i) => `  float u${i};  // ${key}\n`);
    return `struct Uniforms {\n${fields.length === 0 ? '  float u0;  // the loss has no uniform value\n' : fields.join('')}};`;
  }

  #uniform(expression: Expression): string {
    const key = printExpression(expression);
    let index = this.#uniforms.findIndex((known) => known.key === key);
    if (index < 0) index = this.#uniforms.push({ key, expression }) - 1;
    return `uniforms.u${index}`;
  }
}

/** One function's text. A counting pass finds the subexpressions that recur; the writing pass names those. */
export class FunctionBody {
  readonly declarations: string[] = [];
  readonly #dialect: Dialect;
  readonly #uniform: (expression: Expression) => string;
  readonly #uses: Map<string, number>;
  readonly #counting: boolean;
  readonly #names = new Map<string, string>();

  constructor(dialect: Dialect, uniform: (expression: Expression) => string, uses: Map<string, number>, counting: boolean) {
    this.#dialect = dialect;
    this.#uniform = uniform;
    this.#uses = uses;
    this.#counting = counting;
  }

  /** Wherever `expression` occurs, the function has it already under this name. */
  alias(expression: Expression, name: string): void {
    if (expression.kind === 'apply') this.#names.set(printExpression(expression), name);
  }

  text(expression: Expression): string {
    if (!isUniform(expression) || expression.kind === 'constant') return this.#varying(expression);
    return this.#dialect.number(this.#uniform(expression));
  }

  /** The text, in parentheses unless it is a name, a literal or a call. */
  operand(expression: Expression): string {
    return parenthesised(this.text(expression));
  }

  /** `factor * expression`, without the multiplication by 0 or 1. */
  product(factor: string, expression: Expression): string | undefined {
    if (isNumber(expression, 0)) return undefined;
    return isNumber(expression, 1) ? factor : this.#apply('multiply', [factor, this.operand(expression)]);
  }

  sum(left: string | undefined, right: Expression | undefined): string {
    if (right === undefined || isNumber(right, 0)) return left ?? this.#constant({ kind: 'constant', value: 0 });
    const text = this.operand(right);
    return left === undefined ? text : this.#apply('add', [parenthesised(left), text]);
  }

  #varying(expression: Expression): string {
    switch (expression.kind) {
      case 'constant':
        return this.#constant(expression);
      case 'input':
        return expression.name;
      case 'parameter':
        return this.#dialect.number(this.#uniform(expression));
      case 'attribute':
        return this.#dialect.indexToNumber(attributeName(expression));
      case 'apply':
        return this.#shared(expression);
      default:
        return assertNever(expression);
    }
  }

  #shared(expression: Extract<Expression, { kind: 'apply' }>): string {
    const key = printExpression(expression);
    const known = this.#names.get(key);
    if (known !== undefined) return known;
    const uses = (this.#uses.get(key) ?? 0) + 1;
    if (this.#counting) {
      this.#uses.set(key, uses);
      if (uses > 1) return key;
    }
    // Indices are compared as integers, exactly; in arithmetic they are numbers.
    const indices = typeOf(expression) === 'boolean' && expression.operands.every((operand) => operand.kind === 'attribute');
    const operands = expression.operands.map((operand) =>
      indices && operand.kind === 'attribute' ? attributeName(operand) : this.operand(operand),
    );
    const text = this.#apply(expression.operator, operands);
    if (this.#counting || (this.#uses.get(key) ?? 0) < 2) return text;
    const name = `t${this.declarations.length}`;
    this.declarations.push(`const ${this.#dialect.types[typeOf(expression)]} ${name} = ${text};`);
    this.#names.set(key, name);
    return name;
  }

  #apply(operator: Extract<Expression, { kind: 'apply' }>['operator'], operands: readonly string[]): string {
    return this.#dialect.operators[operator].replace(/\{(\d)\}/g, (_, index: string) => operands[Number(index)] ?? '');
  }

  #constant({ value }: Constant): string {
    return typeof value === 'boolean' ? this.#dialect.boolean(value) : this.#dialect.number(floatLiteral(value));
  }
}

/** A C literal of type float with the bits of `Math.fround(value)`. */
export function floatLiteral(value: number): string {
  const rounded = Math.fround(value);
  if (!Number.isFinite(rounded)) return Number.isNaN(rounded) ? '__builtin_nanf("")' : `${rounded < 0 ? '-' : ''}__builtin_inff()`;
  const digits = String(Number(rounded.toPrecision(9)));
  return `${/[.e]/.test(digits) ? digits : `${digits}.0`}f`;
}

function isUniform(expression: Expression): boolean {
  switch (expression.kind) {
    case 'constant':
    case 'parameter':
      return true;
    case 'input':
    case 'attribute':
      return false;
    case 'apply':
      return typeOf(expression) === 'number' && expression.operands.every(isUniform);
    default:
      return assertNever(expression);
  }
}

function isNumber(expression: Expression, value: number): boolean {
  return expression.kind === 'constant' && expression.value === value;
}

function attributeName({ side }: Attribute): string {
  return side;
}

function parenthesised(text: string): string {
  return /^[\w.]+$/.test(text) || /^\w+\([^()]*\)$/.test(text) ? text : `(${text})`;
}
