import test from 'ava';
import { cli } from './support.js';

test('a plan, and its sizes', async (t) => {
  const plan = await cli('inspect', 'clip', '--target', 'sm_80', '--precision', 'bf16', '--dim', '768');
  t.is(plan.code, 0);
  t.regex(plan.stdout, /^plan clip\n {2}target {5}sm_80\n {2}inputs {5}bf16, depth 768\n/);
  t.notRegex(plan.stdout, /^shapes/m);
  const sized = await cli('inspect', 'clip', '--target', 'sm_80', '--n', '1000000');
  t.regex(sized.stdout, /^shapes {2}Q 1000000 x 512, K 1000000 x 512, chunk \d+ x \d+$/m);
  t.regex(sized.stdout, /^workspace [\d.]+ MiB$/m);
});

test('the mathematics, and the text that is emitted for it', async (t) => {
  const { code, stdout } = await cli('inspect', 'siglip', '--emit', 'expression', '--target', 'sm_80');
  t.is(code, 0);
  t.regex(stdout, /^logit +exp\(params\.logScale\) \* dot \+ params\.bias$/m);
  t.regex(stdout, /^d logit \/ d logScale +exp\(params\.logScale\) \* dot$/m);
  t.regex(stdout, /^d pair \/ d logit /m);
  t.regex(stdout, /pairwise_backward\(/);
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
