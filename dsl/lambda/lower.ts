import { DiagnosticCollector, type Diagnostic } from '../diagnostics/index.js';
import type { Expression } from '../expression/nodes.js';
import { typeOf, wholeValue } from '../expression/type-of.js';
import { ExpressionLowering } from './lower-expression.js';
import { Mistakes, type Lowered } from './mistakes.js';
import type { LambdaRequest } from './request.js';
import { failed, Scope } from './scope.js';
import type { LambdaNode, LambdaSource, Source } from './source.js';
import { typescript, type ts } from './typescript.js';

export interface LoweredLambda {
  /** Absent when there is a diagnostic. */
  readonly expression?: Expression;
  readonly diagnostics: readonly Diagnostic[];
}

/** What a function means, and every mistake in it. `imported` maps local names to library functions. */
export function lowerLambda({ source, lambda }: LambdaSource, request: LambdaRequest, imported: ReadonlyMap<string, string> = new Map()): LoweredLambda {
  const collector = new DiagnosticCollector();
  const mistakes = new Mistakes(source, collector);
  const expression = new StatementLowering(source, request, imported, mistakes).lambda(lambda);
  const { diagnostics } = collector;
  return expression === undefined || diagnostics.length > 0 ? { diagnostics } : { expression, diagnostics };
}

/** What a function of numbers gives for arguments. */
export function lowerHelper({ source, lambda }: LambdaSource, args: readonly Expression[], request: LambdaRequest, imported: ReadonlyMap<string, string> = new Map()): LoweredLambda {
  const collector = new DiagnosticCollector();
  const mistakes = new Mistakes(source, collector);
  const expression = new StatementLowering(source, request, imported, mistakes).helper(lambda, args);
  const { diagnostics } = collector;
  return expression === undefined || diagnostics.length > 0 ? { diagnostics } : { expression, diagnostics };
}

/** What comes after a list of statements: the rest of the block outside it, in the end a missing return. */
type Continuation = () => Lowered;

/** Bodies of functions: `const`, `if` and `return` become one expression. */
class StatementLowering {
  readonly #request: LambdaRequest;
  readonly #expressions: ExpressionLowering;
  readonly #mistakes: Mistakes;
  readonly #expanding: LambdaNode[] = [];

  constructor(source: Source, request: LambdaRequest, imported: ReadonlyMap<string, string>, mistakes: Mistakes) {
    this.#request = request;
    this.#expressions = new ExpressionLowering(source, request, imported, mistakes, (helper, args, call) => this.inline(helper, args, call));
    this.#mistakes = mistakes;
  }

  lambda(node: LambdaNode): Lowered {
    const scope = new Scope();
    const [parameter, second] = node.parameters;
    if (second !== undefined) this.#mistakes.tooManyParameters(second);
    if (parameter !== undefined) this.#parameter(parameter, { kind: 'pair' }, scope);
    return this.#body(node, scope);
  }

  helper(node: LambdaNode, args: readonly Expression[]): Lowered {
    const scope = new Scope();
    node.parameters.forEach((parameter, i) => {
      const expression = args[i];
      this.#parameter(parameter, expression === undefined ? failed : { kind: 'value', expression }, scope);
    });
    return this.#body(node, scope);
  }

  /** A helper's body, with its parameters standing for the arguments of a call. */
  inline(helper: { readonly lambda: LambdaNode; readonly scope: Scope }, args: readonly Lowered[], call: ts.CallExpression): Lowered {
    const { lambda } = helper;
    if (this.#expanding.includes(lambda)) return this.#mistakes.recursion(call);
    if (lambda.parameters.length !== args.length) return this.#mistakes.argumentCount(call, call.expression.getText(), lambda.parameters.length, args.length);
    const scope = new Scope(helper.scope);
    lambda.parameters.forEach((parameter, i) => {
      const expression = args[i];
      this.#parameter(parameter, expression === undefined ? failed : { kind: 'value', expression }, scope);
    });
    this.#expanding.push(lambda);
    const value = this.#body(lambda, scope);
    this.#expanding.pop();
    return value;
  }

  #parameter(parameter: ts.ParameterDeclaration, binding: Parameters<ExpressionLowering['bind']>[1], scope: Scope): void {
    if (parameter.initializer !== undefined) this.#mistakes.unsupported(parameter.initializer, 'a default value');
    if (parameter.dotDotDotToken !== undefined) this.#mistakes.unsupported(parameter, 'a rest parameter');
    this.#expressions.bind(parameter.name, binding, scope);
  }

  #body(node: LambdaNode, scope: Scope): Lowered {
    const { isBlock, SyntaxKind } = typescript();
    const asynchronous = node.modifiers?.find(({ kind }) => kind === SyntaxKind.AsyncKeyword);
    if (asynchronous !== undefined) this.#mistakes.asynchronous(asynchronous, 'async');
    if (node.asteriskToken !== undefined) this.#mistakes.asynchronous(node.asteriskToken, 'a generator');
    const { body } = node;
    if (body === undefined) return undefined;
    const value = isBlock(body) ? this.#list(body.statements, scope, () => this.#mistakes.missingReturn(body)) : this.#expressions.value(body, scope);
    if (value === undefined || this.#expanding.length > 0) return value;
    return this.#result(value, isBlock(body) ? undefined : body);
  }

  /** The lambda's value has the type that is asked for. Returns inside a block were checked where they stand. */
  #result(value: Expression, node: ts.Expression | undefined): Lowered {
    if (node === undefined) return value;
    const { result, description } = this.#request;
    const type = typeOf(value);
    const fits = result === undefined || type === result || (result === 'number' && type === 'index') || (result === 'index' && wholeValue(value) !== undefined);
    return fits ? value : this.#mistakes.resultType(node, description, result, type);
  }

  #list(list: readonly ts.Statement[], outer: Scope, rest: Continuation): Lowered {
    const scope = new Scope(outer);
    for (const statement of list) {
      if (typescript().isFunctionDeclaration(statement) && statement.name !== undefined) {
        scope.declare(statement.name.text, { kind: 'helper', lambda: statement, scope });
      }
    }
    return this.#from(list, 0, scope, rest);
  }

  #from(list: readonly ts.Statement[], index: number, scope: Scope, rest: Continuation): Lowered {
    const compiler = typescript();
    const statement = list[index];
    if (statement === undefined) return rest();
    const next: Continuation = () => this.#from(list, index + 1, scope, rest);
    if (compiler.isReturnStatement(statement)) return this.#return(statement, scope);
    if (compiler.isIfStatement(statement)) return this.#if(statement, scope, next);
    if (compiler.isBlock(statement)) return this.#list(statement.statements, scope, next);
    if (compiler.isVariableStatement(statement)) this.#variables(statement, scope);
    else if (compiler.isIterationStatement(statement, false)) this.#mistakes.loop(statement);
    else if (compiler.isExpressionStatement(statement)) this.#expressions.effect(statement.expression, scope);
    else if (!compiler.isFunctionDeclaration(statement) && !compiler.isEmptyStatement(statement)) this.#mistakes.unsupportedStatement(statement);
    return next();
  }

  #return(statement: ts.ReturnStatement, scope: Scope): Lowered {
    if (statement.expression === undefined) return this.#mistakes.missingReturn(statement);
    const value = this.#expressions.value(statement.expression, scope);
    return value === undefined || this.#expanding.length > 0 ? value : this.#result(value, statement.expression);
  }

  #if(statement: ts.IfStatement, scope: Scope, next: Continuation): Lowered {
    const condition = this.#expressions.boolean(statement.expression, scope, 'the condition of `if`');
    const whenTrue = this.#list(asList(statement.thenStatement), scope, next);
    const whenFalse = statement.elseStatement === undefined ? next() : this.#list(asList(statement.elseStatement), scope, next);
    if (condition === undefined || whenTrue === undefined || whenFalse === undefined) return undefined;
    return this.#expressions.choice(condition, whenTrue, whenFalse, statement);
  }

  #variables(statement: ts.VariableStatement, scope: Scope): void {
    const { NodeFlags } = typescript();
    const { declarationList } = statement;
    if ((declarationList.flags & NodeFlags.Const) === 0) this.#mistakes.mutable(declarationList);
    for (const { name, initializer } of declarationList.declarations) {
      if (initializer === undefined) this.#expressions.bind(name, failed, scope);
      else this.#expressions.bind(name, this.#expressions.binding(initializer, scope), scope);
    }
  }
}

function asList(statement: ts.Statement): readonly ts.Statement[] {
  return typescript().isBlock(statement) ? statement.statements : [statement];
}
