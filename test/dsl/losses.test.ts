import test from 'ava';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { clip, counterpart, declaredAttributes, diagonal, differentiate, indexMap, infoNCE, InfinitileError, pairTerm, pairwiseLoss, printExpression, siglip, sigmoid, simplify, softmax, softplus as smoothed, stopGradient, withPositives, type Expression, type MaskedPair, type PairwiseLoss, type Words } from '../../dsl/index.js';
import { golden } from '../support/golden.js';

for (const loss of [clip, infoNCE, siglip]) {
  test(`${loss.name} as mathematics`, (t) => golden(t, `expressions/${loss.name}.txt`, describe(loss)));
}

test('a loss is data', (t) => {
  const loss = pairwiseLoss('margin', {
    params: ['scale'],
    constants: { margin: 0.2 },
    positives: indexMap,
    logit: ({ dot, positive, params, constants }) => params.scale * (positive ? dot - constants.margin : dot),
    rows: softmax({ weight: 2, reduction: 'sum', unmatched: 'skip' }),
    pairs: { value: ({ logit, params }) => 1e-4 * logit ** 2 * params.scale },
  });
  t.is(printExpression(loss.logit), 'params.scale * (positive ? dot - 0.2 : dot)');
  t.like(loss.rows, { kind: 'softmax', weight: 2, reduction: 'sum', unmatched: 'skip', normaliser: 'own' });
  t.is(loss.rows && printExpression(loss.rows.value), 'lse - positiveLogit');
  t.is(loss.cols, undefined);
  t.like(loss.pairs, { kind: 'pairTerm', weight: 1, reduction: 'rowMean' });
  t.deepEqual([loss.params, loss.positives], [['scale'], indexMap]);
  t.deepEqual(withPositives(loss, diagonal), { ...loss, positives: diagonal });
});

test('terms may be kept apart from losses, and functions in variables', (t) => {
  const scaled = ({ dot, params }: { readonly dot: number; readonly params: Readonly<Record<'scale', number>> }) => params.scale * dot;
  const term = pairTerm<Words<'scale'>>({ value: ({ logit, params }) => sigmoid(logit) / params.scale, reduction: 'pairMean' });
  const loss = pairwiseLoss('shared', { params: ['scale'], logit: scaled, pairs: term });
  t.is(printExpression(loss.logit), 'params.scale * dot');
  t.is(loss.pairs && printExpression(loss.pairs.value), 'sigmoid(logit) / params.scale');
});

test('a library function may be imported under another name', (t) => {
  const loss = pairwiseLoss('renamed', { logit: ({ dot }) => smoothed(dot) + stopGradient(dot), rows: softmax() });
  t.is(printExpression(loss.logit), 'softplus(dot) + stopGradient(dot)');
});

test('types know the names', (t) => {
  t.throws(
    () =>
      pairwiseLoss('typed', {
        params: ['scale'],
        constants: { hard: true },
        // @ts-expect-error no such parameter
        logit: ({ dot, params }) => params.other * dot,
        // @ts-expect-error no such constant
        pairs: { value: ({ logit, constants }) => constants.soft * logit },
        attributes: { rows: { label: 'i32' } },
        // @ts-expect-error columns have no label
        rows: { counts: ({ row, col }) => row.label === col.label },
      }),
    { instanceOf: InfinitileError, message: /INF1006[^]*INF1012[^]*INF1013/ },
  );
});

test('attributes, functions and masks', (t) => {
  const loss = pairwiseLoss('supervised', {
    params: ['scale'],
    constants: { alpha: 0.9 },
    functions: { scaled: (x: number, by: number) => by * x, near: (i: number, j: number) => Math.floor(i / 4) === Math.floor(j / 4) },
    attributes: { rows: { label: 'i32', weight: 'f32' }, cols: { label: 'i32' } },
    guide: true,
    positives: { where: ({ row, col }) => row.label === col.label && row.index !== col.index },
    logit: ({ dot, params, functions }) => functions.scaled(dot, params.scale),
    rows: {
      unmatched: 'skip',
      counts: ({ guide, row, col, functions }) => !functions.near(row.index, col.index) && guide < 0.8,
      value: ({ lse, positiveLogit, meanLogit, row, constants }) => row.weight * (lse - constants.alpha * positiveLogit - 0.1 * meanLogit),
    },
    cols: { value: ({ lse, positiveLogit, col }) => (col.label === 0 ? 0 : lse - positiveLogit) },
    pairs: { value: ({ guide, logit }) => 0.01 * guide * logit },
  });
  t.is(loss.positives.kind === 'where' && printExpression(loss.positives.where), 'row.label === col.label && row.index !== col.index');
  t.is(printExpression(loss.logit), 'params.scale * dot');
  t.is(loss.rows?.counts && printExpression(loss.rows.counts), '!(floorDivide(row.index, 4) === floorDivide(col.index, 4)) && guide < 0.8');
  t.is(loss.rows && printExpression(loss.rows.value), 'row.weight * (lse - 0.9 * positiveLogit - 0.1 * meanLogit)');
  t.is(loss.cols && printExpression(loss.cols.value), 'col.label === 0 ? 0 : lse - positiveLogit');
  t.is(loss.cols?.counts, undefined);
  t.like(loss, { guide: true, between: { rows: ['queries'], cols: ['keys'] }, rows: { unmatched: 'skip', weight: 1, reduction: 'mean' } });
  t.deepEqual([declaredAttributes(loss, 'row'), declaredAttributes(loss, 'col')], [{ label: 'i32', weight: 'f32' }, { label: 'i32' }]);
});

test('both tensors stacked, and positives by a formula', (t) => {
  const stacked = pairwiseLoss('stacked', {
    between: { rows: ['keys', 'queries'], cols: ['queries', 'keys'] },
    positives: counterpart,
    logit: ({ dot }) => 10 * dot,
    rows: { ...softmax({ normaliser: 'counterparts' }), counts: ({ row, col }) => row.view !== col.view || row.index !== col.index },
  });
  t.like(stacked, { between: { rows: ['queries', 'keys'], cols: ['queries', 'keys'] }, positives: counterpart, rows: { normaliser: 'counterparts' } });
  const grouped = pairwiseLoss('grouped', {
    constants: { group: 8 },
    attributes: { rows: { offset: 'i32' } },
    positives: { column: ({ row, constants }) => (row.offset < 0 ? -1 : row.index * constants.group + row.offset) },
    logit: ({ dot }) => dot,
    rows: softmax({ unmatched: 'skip' }),
  });
  t.is(grouped.positives.kind === 'column' && printExpression(grouped.positives.column), 'row.offset < 0 ? -1 : row.index * 8 + row.offset');
});

test('masks that know the positive', (t) => {
  const mask = ({ logit, guide, positive, row }: MaskedPair): boolean => positive || (logit <= row.positiveLogit + 0.1 && guide <= row.positiveGuide);
  const loss = pairwiseLoss('masked', { guide: true, positives: indexMap, logit: ({ dot }) => dot, rows: { counts: mask } });
  t.is(loss.rows?.counts && printExpression(loss.rows.counts), 'positive || logit <= row.positiveLogit + 0.1 && guide <= row.positiveGuide');
});

test('what softmax does not know is told, not dropped', (t) => {
  const untyped: (options: object) => ReturnType<typeof softmax> = softmax;
  const loss = pairwiseLoss('kept', { logit: ({ dot }) => dot, rows: untyped({ counts: ({ row, col }: MaskedPair) => row.index !== col.index }) });
  t.is(loss.rows?.counts && printExpression(loss.rows.counts), 'row.index !== col.index');
  t.throws(() => pairwiseLoss('misspelt', { logit: ({ dot }) => dot, rows: untyped({ wieght: 2 }) }), { message: /INF2009 .* no field 'wieght'[^]*did you mean 'weight'/ });
});

/** A loss file as tsx runs it, as a CommonJS module of tsx, and as JavaScript that tsc made: one meaning, and places in the file. */
const program = `import { pairwiseLoss, printExpression, softmax, softplus, type Pair, type Words } from 'INDEX';
const loss = pairwiseLoss('user', {
  params: ['scale'],
  logit: ({ dot, params }: Pair<Words<'scale'>>): number => {
    const twice = (x: number): number => 2 * x;
    return softplus(params.scale as number) * twice(dot);
  },
  rows: softmax(),
});
console.log(printExpression(loss.logit));
const temperature = 0.1;
try {
  pairwiseLoss('wrong', {
    logit: ({ dot }) => dot / temperature,
    rows: softmax(),
  });
} catch (error) {
  console.log(error instanceof Error ? error.message.split('\\n')[0] : error);
}
`;

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..', '..');
const meaning = 'softplus(params.scale) * (2 * dot)';

for (const [how, file, source] of [
  ['TypeScript under tsx', 'loss.mts', (text: string) => text],
  ['CommonJS under tsx', 'loss.ts', (text: string) => text],
  ['JavaScript from tsc', 'loss.mjs', (text: string) => ts.transpileModule(text, { compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext } }).outputText],
] as const) {
  test(`a loss written as ${how}`, (t) => {
    const folder = mkdtempSync(path.join(tmpdir(), 'infinitile-'));
    try {
      symlinkSync(path.join(root, 'node_modules'), path.join(folder, 'node_modules'));
      writeFileSync(path.join(folder, file), source(program.replace('INDEX', path.join(root, 'dsl', 'index.ts'))));
      const { stdout, stderr } = spawnSync(process.execPath, ['--import=tsx', file], { cwd: folder, encoding: 'utf8' });
      const [printed, message] = stdout.split('\n');
      t.is(printed, meaning, stderr);
      t.regex(message ?? '', new RegExp(`^${file.replace('.', '\\.')}:\\d+:\\d+ INF1005 'temperature'`), stderr);
      if (file !== 'loss.mjs') t.regex(message ?? '', /:14:31 /);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
}

function describe(loss: PairwiseLoss): string {
  const line = (name: string, expression: Expression) => `${name.padEnd(26)} ${printExpression(simplify(expression))}`;
  const derivatives = (name: string, expression: Expression, inputs: readonly ('dot' | 'logit')[]) => [
    line(name, expression),
    ...inputs.map((input) => line(`d ${name} / d ${input}`, differentiate(expression, { kind: 'input', name: input }))),
    ...loss.params.map((param) => line(`d ${name} / d ${param}`, differentiate(expression, { kind: 'parameter', name: param }))),
  ];
  return [...derivatives('logit', loss.logit, ['dot']), ...(loss.pairs === undefined ? [] : derivatives('value', loss.pairs.value, ['dot', 'logit']))].join('\n');
}
