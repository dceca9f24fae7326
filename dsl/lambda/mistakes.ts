import { didYouMean, listNames, type DiagnosticCode, type DiagnosticCollector } from '../diagnostics/index.js';
import type { Expression, Side, ValueType } from '../expression/nodes.js';
import { libraryFunctions, mathConstants, mathFunctions, spelling } from './functions.js';
import type { Source } from './source.js';
import type { ts } from './typescript.js';

/** What a piece of a lambda means; undefined where a mistake in it has been told. */
export type Lowered = Expression | undefined;

/**
 * What can be wrong with a lambda, in words. Each method reports once for a place, and returns undefined: the value that a
 * wrong expression has.
 */
export class Mistakes {
  readonly #source: Source;
  readonly #collector: DiagnosticCollector;
  readonly #told = new Set<string>();

  constructor(source: Source, collector: DiagnosticCollector) {
    this.#source = source;
    this.#collector = collector;
  }

  unsupported(node: ts.Node, what: string, hint = 'a lambda is arithmetic, comparisons, `&& || !`, `?:`, `const`, `if` with `return`, Math.* and library functions'): Lowered {
    return this.#tell('INF1001', node, `${what} is not compiled`, hint);
  }

  unsupportedStatement(node: ts.Statement): Lowered {
    const word = /^\w+/.exec(node.getText())?.[0] ?? 'this';
    return this.unsupported(node, `a \`${word}\` statement`, 'a lambda is made of `const`, `if` and `return`');
  }

  withoutEffect(node: ts.Node): Lowered {
    return this.unsupported(node, 'a statement that neither declares nor returns a value', 'return the value, or name it with `const`');
  }

  loop(node: ts.Node): Lowered {
    return this.#tell('INF1002', node, 'a lambda has no loops: it is evaluated once for each pair', 'sums over pairs are what `rows`, `cols` and `pairs` are; write out a short loop');
  }

  assignment(node: ts.Node, target: string): Lowered {
    return this.#tell('INF1003', node, `'${target}' is assigned: values in a lambda do not change`, 'give the new value a name of its own with `const`, or choose with `?:`');
  }

  mutable(node: ts.VariableDeclarationList): Lowered {
    const word = node.getText().startsWith('var') ? 'var' : 'let';
    return this.#tell('INF1003', node, `\`${word}\` declares a value that may change`, 'use `const`; choose between values with `?:`');
  }

  unknownFunction(node: ts.Node, name: string): Lowered {
    if (mathFunctions.has(name)) return this.#tell('INF1004', node, `'${name}' is not a known function`, `write Math.${name}`);
    const known = [...libraryFunctions.keys(), ...[...mathFunctions.keys()].map((bare) => `Math.${bare}`)];
    const near = didYouMean(name, known);
    return this.#tell('INF1004', node, `'${name}' is not a known function`, near === '' ? `known are ${known.join(', ')}` : near);
  }

  notAFunction(node: ts.Node, name: string): Lowered {
    return this.#tell('INF1004', node, `'${name}' is not a function`, 'a helper is declared in the lambda: const helper = (x: number) => ...');
  }

  unknownMathConstant(node: ts.Node, name: string): Lowered {
    const known = [...mathConstants.keys()].map((bare) => `Math.${bare}`);
    const near = didYouMean(`Math.${name}`, known);
    return this.#tell('INF1001', node, `'Math.${name}' is not a known constant`, near === '' ? `known are ${known.join(', ')}` : near);
  }

  captured(node: ts.Node, name: string, path: string): Lowered {
    const field = path.split('.').pop() ?? name;
    const given = path === field ? field : `${field}: ${path}`;
    return this.#tell('INF1005', node, `'${name}' is a variable from outside: a kernel is compiled from the lambda's text alone`, `give its value with the loss, constants: { ${given} }, and read constants.${field}`);
  }

  unknownParameter(node: ts.Node, name: string, known: readonly string[]): Lowered {
    return this.#tell('INF1006', node, `the loss has no parameter '${name}'`, known.length === 0 ? `declare it: params: ['${name}']` : knownNames(name, known, 'its parameters are'));
  }

  unknownConstant(node: ts.Node, name: string, known: readonly string[]): Lowered {
    return this.#tell('INF1012', node, `the loss has no constant '${name}'`, known.length === 0 ? `give its value with the loss: constants: { ${name}: ... }` : knownNames(name, known, 'its constants are'));
  }

  unknownAttribute(node: ts.Node, side: Side, name: string, known: readonly string[]): Lowered {
    const own = didYouMean(name, known) === '' ? `; one of your own is declared: attributes: { ${side}s: { ${name}: 'f32' } }` : '';
    return this.#tell('INF1013', node, `a ${side === 'row' ? 'row' : 'column'} has no attribute '${name}'`, `${knownNames(name, known, 'it has')}${own}`);
  }

  masksOnly(node: ts.Node, side: Side, name: string): Lowered {
    return this.#tell('INF1010', node, `'${side}.${name}' is read outside a mask`, 'only `counts` may read it: it is a constant to the loss, without a gradient');
  }

  undeclaredFunction(node: ts.Node, name: string, known: readonly string[]): Lowered {
    return this.#tell('INF1004', node, `the loss has no function '${name}'`, known.length === 0 ? `give it with the loss: functions: { ${name}: (x: number) => ... }` : knownNames(name, known, 'its functions are'));
  }

  divisor(node: ts.Node, operator: string): Lowered {
    return this.#tell('INF1018', node, `the divisor of integer '${operator}' is not a positive whole constant`, 'divide by what is known when the kernel is compiled: a literal, or constants.name');
  }

  dividend(node: ts.Node, operator: 'remainder' | 'floorDivide', given: ValueType): Lowered {
    const text = short(node);
    const ofNumbers = operator === 'remainder' ? `${text} - n * Math.floor(${text} / n)` : `Math.floor(${text} / n)`;
    const hint = `${conversion('index', given, text)}${given === 'boolean' ? '' : `; of numbers write ${ofNumbers}`}`;
    return this.#tell('INF1009', node, `the first operand of '${spelling(operator)}' is ${article(given)} where an integer is needed`, hint);
  }

  unknownEntry(node: ts.Node, name: string, known: readonly string[]): Lowered {
    return this.#tell('INF1017', node, `a pair has no entry '${name}'`, knownNames(name, known, 'it has'));
  }

  notHere(node: ts.Node, name: string, description: string): Lowered {
    return this.#tell('INF1010', node, `'${name}' cannot be read in the ${description}`, hints[name] ?? 'what a lambda may read depends on what it defines');
  }

  asynchronous(node: ts.Node, what: string): Lowered {
    return this.#tell('INF1007', node, `a lambda cannot be ${what}: its value is needed at once`, 'write an ordinary function');
  }

  missingReturn(node: ts.Node): Lowered {
    return this.#tell('INF1008', node, 'a path through the lambda returns no value', 'end it with `return`, and give every `if` that returns an `else` or a `return` after it');
  }

  type(node: ts.Node, what: string, wanted: ValueType, given: ValueType): Lowered {
    return this.#tell('INF1009', node, `${what} is ${article(given)} where ${article(wanted)} is needed`, conversion(wanted, given, short(node)));
  }

  resultType(node: ts.Node, description: string, wanted: ValueType, given: ValueType): Lowered {
    const hints = { number: 'return a number: condition ? 1 : 0', boolean: 'return a comparison', index: conversion('index', given, short(node)) } as const;
    return this.#tell('INF1009', node, `the ${description} is ${article(given)} where ${article(wanted)} is needed`, hints[wanted]);
  }

  differentTypes(node: ts.Node, what: string, first: ValueType, second: ValueType): Lowered {
    return this.#tell('INF1009', node, `${what}: one is ${article(first)}, the other ${article(second)}`, 'both have to be numbers, or both booleans');
  }

  notAValue(node: ts.Node, what: string, hint: string): Lowered {
    return this.#tell('INF1009', node, `${what} where a number or boolean is needed`, hint);
  }

  argumentCount(node: ts.Node, name: string, wanted: number, given: number): Lowered {
    return this.#tell('INF1011', node, `'${name}' takes ${wanted} argument${wanted === 1 ? '' : 's'}, not ${given}`, 'give each argument once');
  }

  tooManyParameters(node: ts.Node): Lowered {
    return this.#tell('INF1011', node, 'a lambda is called with one argument, the pair', 'take its entries apart: ({ dot, params, row, col }) => ...');
  }

  recursion(node: ts.Node): Lowered {
    return this.#tell('INF1015', node, 'a helper that calls itself cannot be expanded', 'write it without recursion');
  }

  #tell(code: DiagnosticCode, node: ts.Node, message: string, hint: string): Lowered {
    const place = `${code} ${node.pos} ${node.end}`;
    if (this.#told.has(place)) return undefined;
    this.#told.add(place);
    this.#collector.add({ code, message, hint, ...this.#source.mark(node) });
    return undefined;
  }
}

/** Where an entry that a lambda may not read belongs. */
const hints: Readonly<Record<string, string>> = {
  logit: 'the logit is made of dot; masks (`counts`) and the pair term (`pairs`) may read it',
  'row.positiveGuide': 'declare guide: true',
  'col.positiveGuide': 'declare guide: true',
  guide: 'declare guide: true; masks (`counts`) and the pair term (`pairs`) may then read it',
  lse: 'the value of a softmax term is made of it: rows: { value: ({ lse, positiveLogit }) => ... }',
  positiveLogit: 'the value of a softmax term is made of it; masks read row.positiveLogit',
  meanLogit: 'the value of a softmax term is made of it: rows: { value: ({ lse, meanLogit }) => ... }',
  dot: 'it is read where a pair is scored: in the logit, in masks (`counts`) and in the pair term (`pairs`)',
  positive: 'it is read where a pair is scored: in the logit, in masks (`counts`) and in the pair term (`pairs`)',
  row: 'this lambda sees columns alone',
  col: 'this lambda sees rows alone',
};

function conversion(wanted: ValueType, given: ValueType, text: string): string {
  if (wanted === 'index') return 'integers are indices, i32 attributes and whole constants';
  return wanted === 'boolean' || given !== 'boolean' ? `compare it: ${text} !== 0` : `choose a number: ${text} ? 1 : 0`;
}

function article(type: ValueType): string {
  return type === 'index' ? 'an integer' : `a ${type}`;
}

function knownNames(name: string, known: readonly string[], introduction: string): string {
  const near = didYouMean(name, known);
  return `${near === '' ? '' : `${near} `}${introduction} ${listNames(known)}`;
}

/** The text of a node where it is short enough to be repeated in a hint. */
function short(node: ts.Node): string {
  const text = node.getText();
  return text.length <= 24 && !text.includes('\n') ? (/^[\w.]+$/.test(text) ? text : `(${text})`) : 'x';
}
