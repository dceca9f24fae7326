import { assertNever } from '../assert-never.js';
import { apply, constant, isApply } from '../expression/build.js';
import type { Expression, ValueType } from '../expression/nodes.js';
import { operators, type OperatorName } from '../expression/operators.js';
import { operandTypes, resultType, typeOf, wholeValue } from '../expression/type-of.js';
import { infixOperators, libraryFunctions, mathFunctions, prefixOperators, spelling } from './functions.js';
import type { Lowered, Mistakes } from './mistakes.js';
import { Names } from './names.js';
import type { LambdaRequest } from './request.js';
import { failed, type Binding, type Scope } from './scope.js';
import type { Source } from './source.js';
import { typescript, type ts } from './typescript.js';

type Helper = Extract<Binding, { kind: 'helper' }>;
type Inline = (helper: Helper, args: readonly Lowered[], call: ts.CallExpression) => Lowered;

/** Expressions of a lambda. */
export class ExpressionLowering {
  readonly #source: Source;
  readonly #request: LambdaRequest;
  readonly #imported: ReadonlyMap<string, string>;
  readonly #mistakes: Mistakes;
  readonly #names: Names;
  readonly #inline: Inline;

  constructor(source: Source, request: LambdaRequest, imported: ReadonlyMap<string, string>, mistakes: Mistakes, inline: Inline) {
    this.#source = source;
    this.#request = request;
    this.#imported = imported;
    this.#mistakes = mistakes;
    this.#names = new Names(source, request, mistakes);
    this.#inline = inline;
  }

  /** A number or a boolean. */
  value(node: ts.Expression, scope: Scope): Lowered {
    const binding = this.binding(node, scope);
    switch (binding.kind) {
      case 'value':
        return binding.expression;
      case 'failed':
        return undefined;
      case 'side':
        return this.#mistakes.notAValue(node, `the ${binding.side === 'row' ? 'row' : 'column'} as a whole is used`, `read ${binding.side}.index`);
      case 'functions':
        return this.#mistakes.notAValue(node, 'the record of functions is used', `call functions.${Object.keys(this.#request.functions)[0] ?? 'name'}(...)`);
      case 'params':
        return this.#mistakes.notAValue(node, 'the record of parameters is used', `read params.${this.#request.params[0] ?? 'name'}`);
      case 'constants':
        return this.#mistakes.notAValue(node, 'the record of constants is used', `read constants.${Object.keys(this.#request.constants)[0] ?? 'name'}`);
      case 'pair':
        return this.#mistakes.notAValue(node, 'the pair as a whole is used', 'read one of its entries, such as dot');
      case 'helper':
      case 'function':
        return this.#mistakes.notAValue(node, 'a function is used', 'call it');
      default:
        return assertNever(binding);
    }
  }

  boolean(node: ts.Expression, scope: Scope, what: string): Lowered {
    const value = this.value(node, scope);
    if (value === undefined || typeOf(value) === 'boolean') return value;
    return this.#mistakes.type(node, what, 'boolean', typeOf(value));
  }

  /** What an expression stands for: a value, or a record that values are read from. */
  binding(expression: ts.Expression, scope: Scope): Binding {
    const compiler = typescript();
    const node = unwrap(expression);
    if (compiler.isArrowFunction(node) || compiler.isFunctionExpression(node)) return { kind: 'helper', lambda: node, scope };
    if (compiler.isIdentifier(node)) return this.#identifier(node, scope);
    if (compiler.isPropertyAccessExpression(node) || compiler.isElementAccessExpression(node)) return this.#access(node, scope);
    const value = this.#computed(node, scope);
    return value === undefined ? failed : { kind: 'value', expression: value };
  }

  /** Declares the names of a pattern: `x`, `{ dot, params: { scale } }`. */
  bind(name: ts.BindingName, binding: Binding, scope: Scope): void {
    const compiler = typescript();
    if (compiler.isIdentifier(name)) {
      scope.declare(name.text, binding);
      return;
    }
    if (compiler.isArrayBindingPattern(name)) {
      this.#mistakes.unsupported(name, 'an array pattern');
      return;
    }
    for (const element of name.elements) this.#bindElement(element, binding, scope);
  }

  #bindElement(element: ts.BindingElement, binding: Binding, scope: Scope): void {
    const compiler = typescript();
    if (element.initializer !== undefined) this.#mistakes.unsupported(element.initializer, 'a default value', 'every entry has a value');
    if (element.dotDotDotToken !== undefined) {
      this.#mistakes.unsupported(element, 'a rest element', 'name the entries that are read');
      this.bind(element.name, failed, scope);
      return;
    }
    const key = element.propertyName ?? element.name;
    if (compiler.isIdentifier(key) || compiler.isStringLiteral(key)) this.bind(element.name, this.#names.member(binding, key.text, element), scope);
    else this.#mistakes.unsupported(key, 'a computed name');
  }

  /** A statement that is an expression: nothing that is compiled has an effect. */
  effect(node: ts.Expression, scope: Scope): void {
    const compiler = typescript();
    // esbuild names functions by calls of a helper.
    if (compiler.isCallExpression(node) && node.expression.getText() === '__name') return;
    if (compiler.isStringLiteral(node)) return;
    const value = this.value(node, scope);
    if (value !== undefined) this.#mistakes.withoutEffect(node);
  }

  /** `condition ? whenTrue : whenFalse`, of numbers or of booleans. */
  choice(condition: Expression, whenTrue: Expression, whenFalse: Expression, node: ts.Node): Lowered {
    const types = [typeOf(whenTrue), typeOf(whenFalse)].map((type) => (type === 'boolean' ? 'boolean' : 'number'));
    const [first = 'number', second = 'number'] = types;
    if (first !== second) return this.#mistakes.differentTypes(node, 'the two branches differ', first, second);
    if (first === 'number') return this.#apply('select', [condition, whenTrue, whenFalse], node);
    const [yes, no] = [this.#apply('and', [condition, whenTrue], node), this.#apply('and', [this.#apply('not', [condition], node), whenFalse], node)];
    return this.#apply('or', [yes, no], node);
  }

  #identifier(node: ts.Identifier, scope: Scope): Binding {
    const found = scope.find(node.text);
    if (found !== undefined) return found;
    if (node.text === 'NaN' || node.text === 'Infinity') return { kind: 'value', expression: { ...constant(Number(node.text)), span: this.#source.span(node) } };
    if (node.text === 'undefined') this.#mistakes.unsupported(node, 'undefined', 'a value is a number or a boolean');
    else if (this.#functionNamed(node.text) !== undefined || node.text === 'Math') this.#mistakes.notAValue(node, 'a function is used', 'call it');
    else this.#mistakes.captured(node, node.text, node.text);
    return failed;
  }

  #access(node: ts.PropertyAccessExpression | ts.ElementAccessExpression, scope: Scope): Binding {
    const compiler = typescript();
    if (node.questionDotToken !== undefined) {
      this.#mistakes.unsupported(node, 'optional access', 'every entry has a value');
      return failed;
    }
    const name = compiler.isPropertyAccessExpression(node) ? node.name.text : compiler.isStringLiteral(node.argumentExpression) ? node.argumentExpression.text : undefined;
    if (name === undefined) {
      this.#mistakes.unsupported(node, 'access by a computed name', 'a lambda has no arrays');
      return failed;
    }
    const owner = unwrap(node.expression);
    if (compiler.isIdentifier(owner) && scope.find(owner.text) === undefined) return this.#names.outside(node, owner, name);
    return this.#names.member(this.binding(node.expression, scope), name, node);
  }

  #computed(node: ts.Expression, scope: Scope): Lowered {
    const compiler = typescript();
    const span = this.#source.span(node);
    if (compiler.isNumericLiteral(node)) return { ...constant(Number(node.text)), span };
    if (node.kind === compiler.SyntaxKind.TrueKeyword) return { ...constant(true), span };
    if (node.kind === compiler.SyntaxKind.FalseKeyword) return { ...constant(false), span };
    if (compiler.isPrefixUnaryExpression(node)) return this.#prefix(node, scope);
    if (compiler.isPostfixUnaryExpression(node)) return this.#mistakes.assignment(node, node.operand.getText());
    if (compiler.isBinaryExpression(node)) return this.#binary(node, scope);
    if (compiler.isConditionalExpression(node)) return this.#conditional(node, scope);
    if (compiler.isCallExpression(node)) return this.#call(node, scope);
    // Both stand only in functions that are told to be async or generators.
    if (compiler.isAwaitExpression(node)) return this.value(node.expression, scope);
    if (compiler.isYieldExpression(node)) return undefined;
    return this.#mistakes.unsupported(node, describe(node));
  }

  #prefix(node: ts.PrefixUnaryExpression, scope: Scope): Lowered {
    const compiler = typescript();
    const token = compiler.tokenToString(node.operator) ?? '';
    if (token === '++' || token === '--') return this.#mistakes.assignment(node, node.operand.getText());
    const { operand } = node;
    const literal = compiler.isNumericLiteral(operand) ? Number(operand.text) : undefined;
    const span = this.#source.span(node);
    // A sign belongs to its literal; minifiers write booleans as !0 and !1.
    if (literal !== undefined && token === '-') return { ...constant(-literal), span };
    if (literal !== undefined && token === '!') return { ...constant(literal === 0), span };
    const value = this.value(operand, scope);
    const operator = prefixOperators.get(token);
    if (operator !== undefined) return this.#apply(operator, [value], node, [operand]);
    if (token !== '+') return this.#mistakes.unsupported(node, `operator '${token}'`);
    if (value === undefined || typeOf(value) !== 'boolean') return value;
    return this.#mistakes.type(operand, "the operand of '+'", 'number', 'boolean');
  }

  #binary(node: ts.BinaryExpression, scope: Scope): Lowered {
    const { SyntaxKind } = typescript();
    const token = node.operatorToken.getText();
    if (node.operatorToken.kind >= SyntaxKind.FirstAssignment && node.operatorToken.kind <= SyntaxKind.LastAssignment) {
      return this.#mistakes.assignment(node, node.left.getText());
    }
    const operator = infixOperators.get(token);
    const operands = [this.value(node.left, scope), this.value(node.right, scope)];
    if (operator === undefined) return this.#mistakes.unsupported(node, `operator '${token}'`);
    return this.#apply(operator, operands, node, [node.left, node.right]);
  }

  #conditional(node: ts.ConditionalExpression, scope: Scope): Lowered {
    const condition = this.boolean(node.condition, scope, "the condition of '?:'");
    const whenTrue = this.value(node.whenTrue, scope);
    const whenFalse = this.value(node.whenFalse, scope);
    if (condition === undefined || whenTrue === undefined || whenFalse === undefined) return undefined;
    return this.choice(condition, whenTrue, whenFalse, node);
  }

  #call(node: ts.CallExpression, scope: Scope): Lowered {
    const compiler = typescript();
    const args = node.arguments.map((argument) => {
      if (!compiler.isSpreadElement(argument)) return this.value(argument, scope);
      return this.#mistakes.unsupported(argument, 'a spread argument', 'a lambda has no arrays');
    });
    if (node.questionDotToken !== undefined) return this.#mistakes.unsupported(node, 'an optional call');
    const callee = unwrap(node.expression);
    if (compiler.isArrowFunction(callee) || compiler.isFunctionExpression(callee)) return this.#inline({ kind: 'helper', lambda: callee, scope }, args, node);
    if (compiler.isIdentifier(callee)) {
      const found = scope.find(callee.text);
      if (found?.kind === 'helper') return this.#inline(found, args, node);
      if (found?.kind === 'function') return this.#declared(found.name, args, node);
      if (found?.kind === 'failed') return undefined;
      if (found !== undefined) return this.#mistakes.notAFunction(callee, callee.text);
    }
    if (compiler.isPropertyAccessExpression(callee)) {
      const found = this.#declaredFunction(callee, scope);
      if (found?.kind === 'function') return this.#declared(found.name, args, node);
      if (found?.kind === 'failed') return undefined;
    }
    const operator = this.#callee(callee, scope);
    if (operator === undefined) return this.#mistakes.unknownFunction(callee, callee.getText());
    return this.#function(operator, args, node);
  }

  /** What `functions.name` stands for, where `functions` is the loss's record. */
  #declaredFunction(callee: ts.PropertyAccessExpression, scope: Scope): Binding | undefined {
    const owner = unwrap(callee.expression);
    if (!typescript().isIdentifier(owner) && !typescript().isPropertyAccessExpression(owner)) return undefined;
    if (typescript().isIdentifier(owner) && scope.find(owner.text) === undefined) return undefined;
    return this.binding(callee, scope);
  }

  /** A call of one of the loss's functions: its expression, with the arguments in place. */
  #declared(name: string, args: readonly Lowered[], node: ts.CallExpression): Lowered {
    const helper = this.#request.functions[name];
    if (helper === undefined) return undefined;
    if (helper.arity !== args.length) return this.#mistakes.argumentCount(node, node.expression.getText(), helper.arity, args.length);
    const known = args.filter((arg) => arg !== undefined);
    if (known.length < args.length) return undefined;
    const what = `an argument of '${node.expression.getText()}'`;
    const truth = node.arguments[known.findIndex((arg) => typeOf(arg) === 'boolean')];
    if (truth !== undefined) return this.#mistakes.type(truth, what, 'number', 'boolean');
    if (helper.expand === undefined) return undefined;
    const value = helper.expand(known);
    const fraction = node.arguments[known.findIndex((arg) => typeOf(arg) === 'number' && wholeValue(arg) === undefined)];
    return value ?? this.#mistakes.type(fraction ?? node, what, 'index', 'number');
  }

  /** `Math.exp`, `softplus`, and `library.softplus` as modules compiled to CommonJS have it. */
  #callee(node: ts.Expression, scope: Scope): OperatorName | undefined {
    const compiler = typescript();
    if (compiler.isIdentifier(node)) return this.#functionNamed(node.text);
    if (!compiler.isPropertyAccessExpression(node)) return undefined;
    const owner = unwrap(node.expression);
    if (!compiler.isIdentifier(owner) || scope.find(owner.text) !== undefined) return undefined;
    return (owner.text === 'Math' ? mathFunctions : libraryFunctions).get(node.name.text);
  }

  #functionNamed(name: string): OperatorName | undefined {
    return libraryFunctions.get(this.#imported.get(name) ?? name);
  }

  #function(operator: OperatorName, args: readonly Lowered[], node: ts.CallExpression): Lowered {
    const { syntax, signatures } = operators[operator];
    const arity = signatures[0]?.operands.length ?? 0;
    const [first, ...rest] = args;
    const variadic = syntax.form === 'call' && syntax.variadic === true && args.length > 0;
    if (!variadic && args.length !== arity) return this.#mistakes.argumentCount(node, node.expression.getText(), arity, args.length);
    if (!variadic) return this.#quotient(operator, args, node) ?? this.#apply(operator, args, node, node.arguments);
    const [firstNode, ...restNodes] = node.arguments;
    if (rest.length === 0) return first;
    return rest.reduce((folded, next, i) => this.#apply(operator, [folded, next], node, [firstNode ?? node, restNodes[i] ?? node]), first);
  }

  /** `Math.floor(a / b)` of integers, which stays among them. */
  #quotient(operator: OperatorName, [ratio]: readonly Lowered[], node: ts.CallExpression): Lowered {
    if (operator !== 'floor' || ratio === undefined || !isApply(ratio, 'divide')) return undefined;
    const [dividend, divisor] = ratio.operands;
    const integers = operandTypes(ratio.operands).every((type) => type === 'index');
    return integers && divisor !== undefined && positiveWhole(divisor) !== undefined ? this.#apply('floorDivide', [dividend, divisor], node) : undefined;
  }

  /** An operator node, after a look at the types of its operands. */
  #apply(operator: OperatorName, operands: readonly Lowered[], node: ts.Node, places: readonly ts.Node[] = []): Lowered {
    const known = operands.filter((operand) => operand !== undefined);
    if (known.length < operands.length) return undefined;
    const [dividend, divisor] = known;
    if ((operator === 'remainder' || operator === 'floorDivide') && dividend !== undefined && divisor !== undefined) return this.#integerDivision(operator, dividend, divisor, node, places);
    if (resultType(operator, known) === undefined) return this.#wrongTypes(operator, operandTypes(known), node, places);
    return { ...apply(operator, ...known), span: this.#source.span(node) };
  }

  #integerDivision(operator: 'remainder' | 'floorDivide', dividend: Expression, divisor: Expression, node: ts.Node, [first = node, second = node]: readonly ts.Node[]): Lowered {
    const integer = typeOf(dividend) === 'index' || wholeValue(dividend) !== undefined;
    const value = positiveWhole(divisor);
    if (!integer) this.#mistakes.dividend(first, operator, typeOf(dividend));
    if (value === undefined) this.#mistakes.divisor(second, spelling(operator));
    if (!integer || value === undefined) return undefined;
    return { ...apply(operator, dividend, { ...constant(value), span: this.#source.span(second) }), span: this.#source.span(node) };
  }

  #wrongTypes(operator: OperatorName, types: readonly ValueType[], node: ts.Node, places: readonly ts.Node[]): Lowered {
    const { signatures } = operators[operator];
    // The last alternative takes most.
    const widest = signatures.at(-1)?.operands ?? [];
    const alike = signatures.length > 1 && widest.every((type) => type === 'boolean');
    if (alike) return this.#mistakes.differentTypes(node, `the operands of '${spelling(operator)}' differ`, types[0] ?? 'number', types[1] ?? 'number');
    widest.forEach((wanted, i) => {
      const given = types[i];
      const place = places[i];
      const fits = given === wanted || (wanted === 'number' && given === 'index');
      const which = types.length === 1 ? 'the operand' : i === 0 ? 'the first operand' : i === 1 ? 'the second operand' : 'the third operand';
      if (!fits && given !== undefined && place !== undefined) this.#mistakes.type(place, `${which} of '${spelling(operator)}'`, wanted, given);
    });
    return undefined;
  }
}

/** The value of a divisor of integers: known now, and above 0. */
function positiveWhole(divisor: Expression): number | undefined {
  const value = wholeValue(divisor);
  return value !== undefined && value > 0 ? value : undefined;
}

/** Without parentheses, type assertions, and what compilers put around: `(0, f)`, `__name(f, 'f')`. */
function unwrap(node: ts.Expression): ts.Expression {
  const compiler = typescript();
  if (compiler.isParenthesizedExpression(node) || compiler.isAsExpression(node) || compiler.isNonNullExpression(node)) return unwrap(node.expression);
  if (compiler.isSatisfiesExpression(node) || compiler.isTypeAssertionExpression(node)) return unwrap(node.expression);
  if (compiler.isCallExpression(node) && node.expression.getText() === '__name') {
    const [named] = node.arguments;
    if (named !== undefined) return unwrap(named);
  }
  const comma = compiler.isBinaryExpression(node) && node.operatorToken.kind === compiler.SyntaxKind.CommaToken;
  return comma && compiler.isNumericLiteral(node.left) ? unwrap(node.right) : node;
}

function describe(node: ts.Node): string {
  const compiler = typescript();
  if (compiler.isStringLiteralLike(node)) return 'a string';
  if (compiler.isTemplateExpression(node) || compiler.isTaggedTemplateExpression(node)) return 'a template string';
  if (compiler.isArrayLiteralExpression(node)) return 'an array';
  if (compiler.isObjectLiteralExpression(node)) return 'an object';
  if (compiler.isNewExpression(node)) return '`new`';
  if (compiler.isBigIntLiteral(node)) return 'a bigint';
  if (compiler.isRegularExpressionLiteral(node)) return 'a regular expression';
  if (compiler.isTypeOfExpression(node) || compiler.isVoidExpression(node) || compiler.isDeleteExpression(node)) return `\`${node.getText().split(/\W/)[0] ?? ''}\``;
  if (node.kind === compiler.SyntaxKind.ThisKeyword) return '`this`';
  if (node.kind === compiler.SyntaxKind.NullKeyword) return 'null';
  return 'this syntax';
}
