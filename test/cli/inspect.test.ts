import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import test from 'ava';
import { cli, temporaryFolder } from './support.js';

test('a plan, and its sizes', async (t) => {
  const plan = await cli('inspect', 'clip', '--target', 'sm_80', '--precision', 'bf16', '--dim', '768');
  t.is(plan.code, 0);
  t.regex(plan.stdout, /^plan clip\n {2}target {5}sm_80\n {2}inputs {5}bf16, depth 768\n/);
  t.notRegex(plan.stdout, /^shapes/m);
  const sized = await cli('inspect', 'clip', '--target', 'sm_80', '--n', '1000000');
  t.regex(sized.stdout, /^shapes {2}Q 1000000 x 512, K 1000000 x 512, chunk \d+ x \d+$/m);
  t.regex(sized.stdout, /^workspace [\d.]+ MiB$/m);
  t.regex(sized.stdout, /^estimate {2}\S+ ms forward and backward, on NVIDIA A100\n {2}accumulate\w+ +\S+ ms {2}[\w ]+$/m);
});

test('the mathematics, and the text that is emitted for it', async (t) => {
  const { code, stdout } = await cli('inspect', 'siglip', '--emit', 'expression', '--target', 'sm_80');
  t.is(code, 0);
  t.regex(stdout, /^logit +exp\(params\.logScale\) \* dot \+ params\.bias$/m);
  t.regex(stdout, /^d logit \/ d logScale +exp\(params\.logScale\) \* dot$/m);
  t.regex(stdout, /^d pair \/ d logit /m);
  t.regex(stdout, /pairwise_backward\(/);
});

/** Masks, values and attributes of one's own. */
const mine = `
import { pairwiseLoss } from 'infinitile';
export const mine = pairwiseLoss('mine', {
  params: ['logScale'],
  attributes: { rows: { label: 'i32', weight: 'f32' }, cols: { label: 'i32' } },
  positives: { where: ({ row, col }) => row.label === col.label },
  logit: ({ dot, params }) => Math.exp(params.logScale) * dot,
  rows: {
    weight: 0.5,
    unmatched: 'skip',
    counts: ({ row, col, positive }) => positive || row.index !== col.index,
    value: ({ lse, positiveLogit, meanLogit, row, params }) => row.weight * (lse - 0.75 * positiveLogit - 0.25 * meanLogit) + params.logScale * lse,
  },
  pairs: { value: ({ dot, logit }) => dot * logit, weight: 2, reduction: 'pairMean' },
});
`;

test("a user's loss as mathematics: masks, values, and the coefficients of G", async (t) => {
  const file = path.join(await temporaryFolder(t), 'mine.ts');
  await writeFile(file, mine);
  for (const target of ['sm_80', 'x86-64-v3']) {
    const { code, stdout } = await cli('inspect', `${file}#mine`, '--emit', 'expression', '--target', target);
    t.is(code, 0);
    const lines = new Map(stdout.split('\n').map((line) => [line.split('  ')[0], line.split(/ {2,}/).slice(1).join('  ')]));
    for (const [name, value] of [
      ['row attributes', 'label (i32), weight (f32)'],
      ['positive', 'row.label === col.label'],
      ['row counts', 'positive || row.index !== col.index'],
      ['d row value / d positiveLogit', '-0.75 * row.weight'],
      ['d row value / d logScale', 'lse'],
      ['d pair / d logit', '(pair weight) * dot'],
      ['(pair weight)', '2 / rows / columns'],
      ['G', '[row counts] * (row a * exp(logit - row lse) + row c) + [positive] * row b + d pair / d logit'],
      ['row b', '(-0.375 * row.weight) / matched rows / positives of the row'],
      ['row c', '(-0.125 * row.weight) / matched rows / logits of the row that count'],
      ['d loss / d dot', 'G * (d logit / d dot) + d pair / d dot'],
      ['d loss / d logScale', 'sum over pairs of G * (d logit / d logScale) + sum over rows of (0.5 * lse) / matched rows'],
    ] as const) t.is(lines.get(name), value, name);
    for (const emitted of ['struct Uniforms', 'pairwise_logit(', 'is_positive(', 'row_counts(', 'pairwise_backward(', 'row_term(']) t.true(stdout.includes(emitted), emitted);
  }
});

test('the sources: all of them, or one', async (t) => {
  const all = await cli('inspect', 'clip', '--emit', 'source', '--target', 'x86-64-v3');
  const one = await cli('inspect', 'clip', '--emit', 'source', '--target', 'x86-64-v3', '--file', 'stats');
  t.regex(all.stdout, /^\/\/ ---- stats\.cpp$/m);
  t.regex(all.stdout, /^\/\/ ---- gradient\.cpp$/m);
  t.true(all.stdout.includes(one.stdout));
  t.notRegex(one.stdout, /^\/\/ ----/m);
});

test('running maxima are another program', async (t) => {
  const [bounded, running] = [await cli('inspect', 'clip', '--target', 'x86-64-v4'), await cli('inspect', 'clip', '--target', 'x86-64-v4', '--softmax', 'running')];
  t.regex(running.stdout, /softmax {4}running/);
  t.not(bounded.stdout, running.stdout);
});
