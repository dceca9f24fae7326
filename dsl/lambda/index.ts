import type { Diagnostic } from '../diagnostics/index.js';
import type { Expression } from '../expression/nodes.js';
import type { LocatedCall, PropertyPath } from './locate.js';
import { lowerLambda, type LoweredLambda } from './lower.js';
import type { LambdaRequest } from './request.js';
import { sourceOfFunction } from './source.js';
import { disagreement, type PairFunction } from './witness.js';

export { LocatedCall, locateCall, type PropertyPath } from './locate.js';
export type { LoweredLambda } from './lower.js';
export type { LambdaRequest } from './request.js';
export type { PairFunction } from './witness.js';

/**
 * A function of a pair as an expression. Its own text says what it means; only for messages, or where a compiler has renamed
 * something in that text, the file that it was written in is read: `located` finds it, `path` leads to the function.
 */
export function compileLambda(lambda: PairFunction, request: LambdaRequest, located: () => LocatedCall | undefined, path: PropertyPath): LoweredLambda {
  const fromText = lowerText(lambda.toString(), request);
  if (fromText.expression !== undefined) return checked(lambda, fromText.expression, request, located, path);
  const call = located();
  const original = call?.lambda(path);
  if (call === undefined) return fromText;
  if (original === undefined) return { diagnostics: fromText.diagnostics.map((diagnostic) => ({ ...call.source.mark(call.node(path)), ...diagnostic })) };
  const fromFile = lowerLambda(original, request, call.imports());
  return fromFile.expression === undefined ? fromFile : checked(lambda, fromFile.expression, request, located, path);
}

/** The text of a function as an expression. */
export function lowerText(text: string, request: LambdaRequest): LoweredLambda {
  const source = sourceOfFunction(text, request.description);
  if (source !== undefined) return lowerLambda(source, request);
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
