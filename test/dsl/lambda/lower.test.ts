import test from 'ava';
import { constant } from '../../../dsl/expression/build.js';
import { printExpression, typeOf, type InputName } from '../../../dsl/expression/index.js';
import { compileHelper, lowerText, type LambdaRequest } from '../../../dsl/lambda/index.js';

const constants = { margin: 0.2, hard: true, group: 8 };
const helper = (call: (...args: never[]) => number | boolean) => compileHelper(call, 'function', constants, () => undefined, []).helper;
const sides = { index: 'index', view: 'index', label: 'index', weight: 'number' } as const;

const request: LambdaRequest = {
  description: "logit of loss 'test'",
  inputs: ['dot', 'positive', 'logit'] satisfies readonly InputName[],
  params: ['scale', 'bias'],
  constants,
  functions: {
    hinge: helper((x: number, at: number) => Math.max(0, x - at)),
    group: helper((i: number) => Math.floor(i / 8)),
    even: helper((i: number) => i % 2 === 0),
    slope: helper((x: number) => {
      const twice = (y: number) => 2 * y;
      if (x > 0) return twice(x);
      return x;
    }),
  },
  row: sides,
  col: sides,
  result: 'number',
};

/** A mask, which knows the row's positive. */
const mask: LambdaRequest = { ...request, row: { ...sides, positiveLogit: 'number' }, result: 'boolean' };

/** What a row adds: no pair is at hand. */
const term: LambdaRequest = { description: "value of the row softmax of loss 'test'", inputs: ['lse', 'positiveLogit', 'meanLogit'], params: [], constants, functions: {}, row: sides, result: 'number' };

/** A lambda's text, and what it means. */
const meanings: readonly (readonly [string, string])[] = [
  ['({ dot }) => dot', 'dot'],
  ['(pair) => pair.dot * pair.params.scale', 'dot * params.scale'],
  ['pair => pair["dot"]', 'dot'],
  ['({ dot: x, params: { scale } }) => scale * x', 'params.scale * dot'],
  ['({ dot, row: { index: i }, col }) => i === col.index ? 0 : dot', 'row.index === col.index ? 0 : dot'],
  ['function ({ dot }) { return dot; }', 'dot'],
  ['function named({ dot }) { return dot; }', 'dot'],
  ['logit({ dot }) { return dot; }', 'dot'],
  ['({ dot, params }) => { const { scale, bias } = params; const x = scale * dot; return x + bias; }', 'params.scale * dot + params.bias'],
  ['({ dot, positive, constants }) => positive ? dot - constants.margin : dot', 'positive ? dot - 0.2 : dot'],
  ['({ dot, constants }) => constants.hard && dot > 0 ? dot : 0', 'true && dot > 0 ? dot : 0'],
  ['({ dot }) => { if (dot > 1) return 1; if (dot < -1) { return -1; } return dot; }', 'dot > 1 ? 1 : dot < -1 ? -1 : dot'],
  ['({ dot }) => { if (dot > 1) { return 1; } else if (dot < -1) { return -1; } else { return dot; } }', 'dot > 1 ? 1 : dot < -1 ? -1 : dot'],
  ['({ dot, positive }) => { if (positive) { if (dot > 0) return dot; } return 2 * dot; }', 'positive ? (dot > 0 ? dot : 2 * dot) : 2 * dot'],
  ['({ dot, positive }) => { const sure = positive ? dot > 0.5 : dot < 0; return sure ? 1 : dot; }', 'positive && dot > 0.5 || !positive && dot < 0 ? 1 : dot'],
  ['({ dot }) => Math.min(dot, 1, 2) + Math.max(dot)', 'min(min(dot, 1), 2) + dot'],
  ['({ dot }) => Math.pow(dot, 2) + dot ** 2 ** 3', 'dot ** 2 + dot ** 2 ** 3'],
  ['({ dot }) => Math.exp(Math.LN2) * Math.PI * dot', `exp(${Math.LN2}) * ${Math.PI} * dot`],
  ['({ dot }) => Infinity > dot ? -(-dot) : +dot', 'Infinity > dot ? -(-dot) : dot'],
  ['({ dot, logit }) => softplus(-logit) + sigmoid(dot) * stopGradient(dot) + select(dot > 0, 1, 2)', 'softplus(-logit) + sigmoid(dot) * stopGradient(dot) + (dot > 0 ? 1 : 2)'],
  ['({ dot }) => 1e-3 * 0x10 * 1_000 * dot', '0.001 * 16 * 1000 * dot'],
  ['({ dot, positive }) => (positive == true) !== (dot != 0) ? dot : 0', 'positive === true !== (dot !== 0) ? dot : 0'],
  // helpers
  ['({ dot, params }) => { const square = (x) => x * x; return params.scale * square(dot - 1); }', 'params.scale * ((dot - 1) * (dot - 1))'],
  ['({ dot }) => { function clip(x, { }, y) { return Math.min(x, y); } return clip(dot, 1, 2); }', 'min(dot, 2)'],
  ['({ dot }) => { return twice(dot); function twice(x) { return 2 * x; } }', '2 * dot'],
  ['({ dot }) => ((x) => x + 1)(dot)', 'dot + 1'],
  // functions of the loss
  ['({ dot, functions }) => functions.hinge(dot, 0.5)', 'max(0, dot - 0.5)'],
  ['({ dot, functions: { slope } }) => slope(dot + 1)', 'dot + 1 > 0 ? 2 * (dot + 1) : dot + 1'],
  ['(pair) => pair.functions.hinge(pair.functions.slope(pair.dot), pair.row.index)', 'max(0, (dot > 0 ? 2 * dot : dot) - row.index)'],
  // attributes
  ['({ dot, row, col }) => row.label === col.label ? row.weight * dot : 0', 'row.label === col.label ? row.weight * dot : 0'],
  ['({ dot, row: { weight }, col: { weight: other } }) => weight * other * dot', 'row.weight * col.weight * dot'],
  ['({ dot, row, col }) => row.view === 0 && col.view !== row.view ? dot : 0', 'row.view === 0 && col.view !== row.view ? dot : 0'],
  // what compilers make of it
  ['({dot})=>{const helper=__name(x=>x*2,"helper");return helper(dot)}', 'dot * 2'],
  ['({dot})=>{function helper(x){return x*2}__name(helper,"helper");return helper(dot)}', 'dot * 2'],
  ['({dot})=>(0,import_infinitile.softplus)(dot)+(0, infinitile_1.sigmoid)(dot)', 'softplus(dot) + sigmoid(dot)'],
  ['({dot,positive:p})=>!0===p?dot:!1?1:2', 'true === positive ? dot : false ? 1 : 2'],
  // what is TypeScript's own, in a text that is read from its file
  ['({ dot }: Pair): number => { const x: number = dot as number; return (x!) satisfies number; }', 'dot'],
];

for (const [text, meaning] of meanings) {
  test(text, (t) => {
    const { expression, diagnostics } = lowerText(text, request);
    t.deepEqual(diagnostics, []);
    t.is(expression && printExpression(expression), meaning);
  });
}

/** Integers: indices, i32 attributes, and whole constants beside them. */
const integers: readonly (readonly [string, string])[] = [
  ['row.index + 1', 'row.index + 1'],
  ['2 * col.index - row.label', '2 * col.index - row.label'],
  ['-row.index', '-row.index'],
  ['row.index % 2', 'row.index % 2'],
  ['row.label % constants.group', 'row.label % 8'],
  ['row.index % (2 * constants.group)', 'row.index % 16'],
  ['Math.floor(row.index / 8)', 'floorDivide(row.index, 8)'],
  ['Math.floor((row.index + 2 * constants.group) / constants.group)', 'floorDivide(row.index + 2 * 8, 8)'],
  ['floorDivide(row.index, 8) * 8', 'floorDivide(row.index, 8) * 8'],
  ['Math.min(row.index, col.index, 7)', 'min(min(row.index, col.index), 7)'],
  ['Math.max(row.label, -1)', 'max(row.label, -1)'],
  ['positive ? row.index : 0', 'positive ? row.index : 0'],
  ['select(positive, -1, col.label)', 'positive ? -1 : col.label'],
  ['((x) => x % 3)(row.index)', 'row.index % 3'],
  ['functions.group(row.index)', 'floorDivide(row.index, 8)'],
  ['functions.even(row.index + 1) ? row.label : 0', '(row.index + 1) % 2 === 0 ? row.label : 0'],
];

for (const [text, meaning] of integers) {
  test(`an integer: ${text}`, (t) => {
    const { expression, diagnostics } = lowerText(`({ positive, row, col, constants, functions }) => ${text}`, request);
    t.deepEqual(diagnostics, []);
    t.is(expression && printExpression(expression), meaning);
    t.is(expression && typeOf(expression), 'index');
  });
}

/** Beside a number, an integer is a number. */
for (const text of ['row.index / 2', 'row.index * 0.5', 'row.index + row.weight', 'row.index * dot', 'Math.floor(row.index / 2.5)', 'Math.floor(row.index / col.index)', 'functions.group(dot)', 'positive ? row.index : 0.5', 'row.index * 4e9', '1 + 2']) {
  test(`a number: ${text}`, (t) => {
    const { expression } = lowerText(`({ dot, positive, row, col, functions }) => ${text}`, request);
    t.is(expression && typeOf(expression), 'number');
  });
}

const masks: readonly (readonly [string, string])[] = [
  ['({ row, col }) => row.index !== col.index', 'row.index !== col.index'],
  ['({ row, col }) => Math.floor(row.index / 2) !== Math.floor(col.index / 2)', 'floorDivide(row.index, 2) !== floorDivide(col.index, 2)'],
  ['({ logit, positive, row, constants }) => positive || logit <= row.positiveLogit + constants.margin', 'positive || logit <= row.positiveLogit + 0.2'],
  ['({ positive, row, col }) => { if (positive) return true; return row.label !== col.label; }', 'positive && true || !positive && row.label !== col.label'],
];

for (const [text, meaning] of masks) {
  test(`a mask: ${text}`, (t) => {
    const { expression, diagnostics } = lowerText(text, mask);
    t.deepEqual(diagnostics, []);
    t.is(expression && printExpression(expression), meaning);
  });
}

test('what a row adds is made of its sums', (t) => {
  const { expression } = lowerText('({ lse, positiveLogit, meanLogit, row, constants }) => row.weight * (lse - 0.9 * positiveLogit - constants.margin * meanLogit)', term);
  t.is(expression && printExpression(expression), 'row.weight * (lse - 0.9 * positiveLogit - 0.2 * meanLogit)');
});

test('a divisor is known: places and values stay', (t) => {
  const { expression } = lowerText('({ row, constants }) => row.index % (constants.group - 1)', request);
  t.like(expression?.kind === 'apply' ? expression.operands[1] : undefined, { ...constant(7), span: { start: { column: 37 } } });
});

/** Codes of the mistakes in a text, in order. */
const refusals: readonly (readonly [string, readonly string[]])[] = [
  ['({ dot }) => [dot][0]', ['INF1001']],
  ['({ dot }) => dot?.x', ['INF1001']],
  ['({ dot }) => ({ dot }).dot', ['INF1001']],
  ['({ dot }) => new Date(dot)', ['INF1001']],
  ['({ dot }) => typeof dot', ['INF1001']],
  ['({ dot }) => dot & 1', ['INF1001']],
  ['({ dot }) => dot ?? 1', ['INF1001']],
  ['({ dot }) => 10n', ['INF1001']],
  ['({ dot }) => null', ['INF1001']],
  ['({ dot }) => undefined', ['INF1001']],
  ['({ dot }) => this.x', ['INF1001']],
  ['({ dot = 1 }) => dot', ['INF1001']],
  ['({ ...rest }) => rest.dot', ['INF1001']],
  ['([dot]) => 1', ['INF1001']],
  ['({ dot }) => { switch (dot) { default: return 1; } }', ['INF1001', 'INF1008']],
  ['({ dot }) => { try { return dot; } finally { } }', ['INF1001', 'INF1008']],
  ['({ dot }) => Math.max(...[dot])', ['INF1001']],
  ['({ dot }) => { do { } while (dot > 0); return dot; }', ['INF1002']],
  ['({ dot }) => { dot = 2; return dot; }', ['INF1003']],
  ['({ dot }) => (dot += 1)', ['INF1003']],
  ['({ dot }) => dot++ + --dot', ['INF1003', 'INF1003']],
  ['({ dot }) => { var x = dot; return x; }', ['INF1003']],
  ['({ dot }) => foo(dot) + bar.baz(dot) + dot(1)', ['INF1004', 'INF1004', 'INF1004']],
  ['({ dot }) => { const f = outside; return f(dot) + f; }', ['INF1005']],
  ['({ params }) => params["other"] + params.other', ['INF1006', 'INF1006']],
  ['({ dot }) => { if (dot > 0) return 1; }', ['INF1008']],
  ['({ dot }) => { return; }', ['INF1008']],
  ['({ dot }) => {}', ['INF1008']],
  ['({ dot }) => !dot', ['INF1009']],
  ['({ dot, positive }) => positive < 1 ? -positive : +positive', ['INF1009', 'INF1009', 'INF1009']],
  ['({ dot, positive }) => Math.exp(positive) + softplus(dot && positive)', ['INF1009', 'INF1009']],
  ['(pair) => pair', ['INF1009']],
  ['({ params, constants, row }) => params + constants + row + Math', ['INF1009', 'INF1009', 'INF1009', 'INF1009']],
  ['({ dot }) => softplus', ['INF1009']],
  ['({ dot }) => Math.exp', ['INF1009']],
  ['({ dot, positive }) => positive', ['INF1009']],
  ['({ dot, row }) => dot % 2 + row.weight % 2 + row.index % 0.5', ['INF1009', 'INF1009', 'INF1018']],
  ['({ row, col }) => floorDivide(row.weight, 2) + row.index % row.weight', ['INF1009', 'INF1018']],
  ['({ row, col }) => row.index % col.index + row.index % 0 + row.index % -2 + floorDivide(row.index, col.label)', ['INF1018', 'INF1018', 'INF1018', 'INF1018']],
  ['({ dot, row, col }) => row.labl + col.positiveLogit + row', ['INF1013', 'INF1010', 'INF1009']],
  ['({ dot, functions }) => functions.hinge(dot)', ['INF1011']],
  ['({ dot, positive, functions }) => functions.hinge(positive, dot)', ['INF1009']],
  ['({ dot, functions }) => functions.even(dot) ? 1 : 0', ['INF1009']],
  ['({ dot, functions }) => functions.even(dot > 0) ? 1 : 0', ['INF1009']],
  ['({ dot, functions }) => functions.hing(dot, 1)', ['INF1004']],
  ['({ dot, functions }) => functions', ['INF1009']],
  ['({ dot, functions }) => functions.hinge + functions.hinge.x', ['INF1009', 'INF1001']],
  ['({ dot, functions: { other } }) => other(dot)', ['INF1004']],
  ['({ lse, guide }) => lse + guide', ['INF1010', 'INF1010']],
  ['({ dot }, more) => dot', ['INF1011']],
  ['({ dot }) => Math.exp() + Math.pow(dot) + Math.min()', ['INF1011', 'INF1011', 'INF1011']],
  ['({ dot }) => { const f = (x) => f(x); return f(dot); }', ['INF1015']],
  ['({ dot }) => { const f = (x) => g(x); const g = (x) => f(x); return g(dot); }', ['INF1015']],
];

for (const [text, codes] of refusals) {
  test(`refused: ${text}`, (t) => {
    const { expression, diagnostics } = lowerText(text, request);
    t.deepEqual(diagnostics.map(({ code }) => code), codes);
    t.is(expression, undefined);
    for (const { span, frame } of diagnostics) {
      t.is(span?.file, "logit of loss 'test'");
      t.is(span?.start.line, 1);
      t.true(frame?.includes(text.slice(0, 10)));
    }
  });
}

const termRefusals: readonly (readonly [string, readonly string[]])[] = [
  ['({ lse, dot, logit, positive, col }) => lse', ['INF1010', 'INF1010', 'INF1010', 'INF1010']],
  ['({ lse, row }) => lse - row.positiveLogit', ['INF1010']],
  ['({ lse }) => lse > 0', ['INF1009']],
  ['({ lsee }) => lsee', ['INF1017']],
];

for (const [text, codes] of termRefusals) {
  test(`refused in a term: ${text}`, (t) => t.deepEqual(lowerText(text, term).diagnostics.map(({ code }) => code), codes));
}

test('refused in a mask: a number', (t) => t.deepEqual(lowerText('({ logit }) => { if (logit > 1) return true; return logit; }', mask).diagnostics.map(({ code }) => code), ['INF1009']));

test('places are those in the text of the function', (t) => {
  const { diagnostics } = lowerText('({ dot }) => {\n  const x = dot;\n  return x + y;\n}', request);
  t.like(diagnostics[0], { code: 'INF1005', span: { file: "logit of loss 'test'", start: { line: 3, column: 14 }, end: { line: 3, column: 15 } } });
});

test('a class, a native and a bound function have no text', (t) => {
  for (const text of ['class A {}', 'function exp() { [native code] }', 'function () { [native code] }']) {
    t.deepEqual(lowerText(text, request).diagnostics.map(({ code }) => code), ['INF1014']);
  }
});
