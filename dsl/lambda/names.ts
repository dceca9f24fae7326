import { assertNever } from '../assert-never.js';
import { isOfPositive } from '../attributes.js';
import { attribute, constant, parameter } from '../expression/build.js';
import type { Expression, InputName } from '../expression/nodes.js';
import { typeOf } from '../expression/type-of.js';
import { mathConstants, mathFunctions } from './functions.js';
import type { Mistakes } from './mistakes.js';
import type { LambdaRequest } from './request.js';
import { failed, type Binding } from './scope.js';
import type { Source } from './source.js';
import { typescript, type ts } from './typescript.js';

/** What the names of a lambda stand for that are read from records: of its argument, and of Math. */
export class Names {
  readonly #source: Source;
  readonly #request: LambdaRequest;
  readonly #mistakes: Mistakes;

  constructor(source: Source, request: LambdaRequest, mistakes: Mistakes) {
    this.#source = source;
    this.#request = request;
    this.#mistakes = mistakes;
  }

  /** `Math.PI`, or a name that is not declared in the lambda. */
  outside(node: ts.Node, owner: ts.Identifier, name: string): Binding {
    if (owner.text !== 'Math') {
      this.#mistakes.captured(node, owner.text, outermost(node).getText());
      return failed;
    }
    const value = mathConstants.get(name);
    if (value !== undefined) return { kind: 'value', expression: { ...constant(value), span: this.#source.span(node) } };
    if (mathFunctions.has(name)) this.#mistakes.notAValue(node, 'a function is used', `call it: Math.${name}(x)`);
    else this.#mistakes.unknownMathConstant(node, name);
    return failed;
  }

  /** What is read of a record that a name stands for. */
  member(owner: Binding, name: string, node: ts.Node): Binding {
    const value = (expression: Expression): Binding => ({ kind: 'value', expression: { ...expression, span: this.#source.span(node) } });
    const { params, constants } = this.#request;
    switch (owner.kind) {
      case 'pair':
        return this.#entry(name, node);
      case 'params':
        if (params.includes(name)) return value(parameter(name));
        this.#mistakes.unknownParameter(node, name, params);
        return failed;
      case 'constants': {
        const given = Object.hasOwn(constants, name) ? constants[name] : undefined;
        if (given !== undefined) return value(constant(given));
        this.#mistakes.unknownConstant(node, name, Object.keys(constants));
        return failed;
      }
      case 'functions':
        if (Object.hasOwn(this.#request.functions, name)) return { kind: 'function', name };
        this.#mistakes.undeclaredFunction(node, name, Object.keys(this.#request.functions));
        return failed;
      case 'side': {
        const readable = this.#request[owner.side] ?? {};
        const type = Object.hasOwn(readable, name) ? readable[name] : undefined;
        if (type !== undefined) return value(attribute(owner.side, name, type));
        if (isOfPositive(name) && Object.keys(readable).some(isOfPositive)) this.#mistakes.notHere(node, `${owner.side}.${name}`, this.#request.description);
        else if (isOfPositive(name)) this.#mistakes.masksOnly(node, owner.side, name);
        else this.#mistakes.unknownAttribute(node, owner.side, name, Object.keys(readable));
        return failed;
      }
      case 'value':
      case 'helper':
      case 'function':
        this.#mistakes.unsupported(node, `'.${name}' of a ${owner.kind === 'value' ? typeOf(owner.expression) : 'function'}`);
        return failed;
      case 'failed':
        return failed;
      default:
        return assertNever(owner);
    }
  }

  /** An entry of the lambda's argument. */
  #entry(name: string, node: ts.Node): Binding {
    if (name === 'params' || name === 'constants' || name === 'functions') return { kind: name };
    const sides = (['row', 'col'] as const).filter((side) => this.#request[side] !== undefined);
    if (name === 'row' || name === 'col') {
      if (sides.includes(name)) return { kind: 'side', side: name };
      this.#mistakes.notHere(node, name, this.#request.description);
      return failed;
    }
    const input = inputNames.find((known) => known === name);
    if (input === undefined) this.#mistakes.unknownEntry(node, name, [...this.#request.inputs, ...sides, 'params', 'constants', 'functions']);
    else if (!this.#request.inputs.includes(input)) this.#mistakes.notHere(node, name, this.#request.description);
    else return { kind: 'value', expression: { kind: 'input', name: input, span: this.#source.span(node) } };
    return failed;
  }
}

const inputNames: readonly InputName[] = ['dot', 'logit', 'positive', 'guide', 'lse', 'positiveLogit', 'meanLogit'];

/** The whole of `a.b.c`, from its `a.b`. */
function outermost(node: ts.Node): ts.Node {
  return typescript().isPropertyAccessExpression(node.parent) && node.parent.expression === node ? outermost(node.parent) : node;
}
