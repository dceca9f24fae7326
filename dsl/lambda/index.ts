import type { Diagnostic } from '../diagnostics/index.js';
import type { Expression } from '../expression/nodes.js';
import type { LocatedCall, PropertyPath } from './locate.js';
import { anyIntegers, anyNumbers, type HelperFunction } from './helper-function.js';
import { lowerHelper, lowerLambda, type LoweredLambda } from './lower.js';
import type { LambdaRequest } from './request.js';
import { sourceOfFunction, type LambdaSource } from './source.js';
import { disagreement, type PairFunction } from './witness.js';

export { LocatedCall, locateCall, type PropertyPath } from './locate.js';
export type { HelperFunction } from './helper-function.js';
export type { LoweredLambda } from './lower.js';
export type { LambdaRequest } from './request.js';
export type { PairFunction } from './witness.js';

/**
 * A function of a pair as an expression. Its own text says what it means; only for messages, or where a compiler has renamed
 * something in that text, the file that it was written in is read: `located` finds it, `path` leads to the function.
 */
export function compileLambda(lambda: PairFunction, request: LambdaRequest, located: () => LocatedCall | undefined, path: PropertyPath): LoweredLambda {
  const lowered = fromTextOrFile(lambda, request, lowerLambda, located, path);
  return lowered.expression === undefined ? lowered : checked(lambda, lowered.expression, request, located, path);
}

/** A function that a loss gives to its lambdas. It may read the loss's constants, and nothing else from outside. */
export function compileHelper(
  call: PairFunction,
  description: string,
  constants: LambdaRequest['constants'],
  located: () => LocatedCall | undefined,
  path: PropertyPath,
): { readonly helper: HelperFunction; readonly diagnostics: readonly Diagnostic[] } {
  const request: LambdaRequest = { description, inputs: [], params: [], constants, functions: {} };
  const expand = (args: readonly Expression[]): LoweredLambda =>
    fromTextOrFile(call, request, (source, wanted, imported) => lowerHelper(source, args, wanted, imported), located, path);
  const arity = call.length;
  const { expression, diagnostics } = expand(anyNumbers(arity));
  const usable = expression !== undefined || expand(anyIntegers(arity)).expression !== undefined;
  if (!usable) return { helper: { arity, call }, diagnostics };
  return { helper: { arity, call, expand: (args) => expand(args).expression }, diagnostics: [] };
}

type Lower = (source: LambdaSource, request: LambdaRequest, imported?: ReadonlyMap<string, string>) => LoweredLambda;

function fromTextOrFile(lambda: PairFunction, request: LambdaRequest, lower: Lower, located: () => LocatedCall | undefined, path: PropertyPath): LoweredLambda {
  const fromText = lowerText(lambda.toString(), request, lower);
  if (fromText.expression !== undefined) return fromText;
  const call = located();
  const original = call?.lambda(path);
  if (call === undefined) return fromText;
  if (original === undefined) return { diagnostics: fromText.diagnostics.map((diagnostic) => ({ ...call.source.mark(call.node(path)), ...diagnostic })) };
  return lower(original, request, call.imports());
}

/** The text of a function as an expression. */
export function lowerText(text: string, request: LambdaRequest, lower: Lower = lowerLambda): LoweredLambda {
  const source = sourceOfFunction(text, request.description);
  if (source !== undefined) return lower(source, request);
  const hint = 'write an arrow function; a native or bound function has no text to compile';
  return { diagnostics: [{ code: 'INF1014', message: `the ${request.description} has no text that can be compiled`, hint }] };
}

function checked(lambda: PairFunction, expression: Expression, request: LambdaRequest, located: () => LocatedCall | undefined, path: PropertyPath): LoweredLambda {
  const difference = disagreement(lambda, expression, request);
  if (difference === undefined) return { expression, diagnostics: [] };
  const diagnostic: Diagnostic = {
    code: 'INF1016',
    message: `the ${request.description} does not do what its text says: ${difference}`,
    hint: 'a name in it, such as that of a library function, stands for something else: rename that, and import the library function',
  };
  const call = located();
  return { diagnostics: [call === undefined ? diagnostic : { ...diagnostic, ...call.source.mark(call.node(path)) }] };
}
