import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import test from 'ava';
import fc from 'fast-check';
import { writeBounds } from '../../codegen/embed/c/bounds.js';
import { writeDouble } from '../../codegen/embed/c/doubles.js';
import { compileTargets, libraryNames } from '../../codegen/embed/c/index.js';
import { bind, type BoundPlan } from '../../codegen/plan/bind.js';
import { bindWithin } from '../../codegen/plan/bind-within.js';
import type { Plan } from '../../codegen/plan/plan.js';
import { evaluate, interval, type Expression } from '../../dsl/expression/index.js';
import * as presets from '../../dsl/losses.js';
import type { PairwiseLoss } from '../../dsl/loss.js';
import { automatic, indexMap, infoNCE, InfinitileError, targets, withPositives, type Precision } from '../../runtime/index.js';
import { numberExpressions } from '../support/expressions.js';
import { writeLibrary } from './support/library.js';
import { run } from './support/run.js';
import { outsideFolder } from './support/folder.js';

/*
 * What an exported library's host computes before a launch, against the same here: chunks, intervals, numbers. And the launchers of all
 * presets, which compile without a warning.
 */

const losses: readonly PairwiseLoss[] = [...Object.values(presets).map((preset) => (typeof preset === 'function' ? preset() : preset)), withPositives(infoNCE, indexMap)];

for (const [i, loss] of losses.entries()) {
  const precision = (['f32', 'bf16', 'f16'] satisfies readonly Precision[])[i % 3] ?? 'f32';
  test(`the launcher of ${loss.name} (${loss.positives.kind}, ${precision}) compiles without a warning`, async (t) => {
    const folder = await outsideFolder(t);
    await writeLibrary(folder, { name: '', loss, precision, queries: 1, keys: 1, dim: 48, params: {} }, targets.map(({ name }) => name), true);
    const { prefix } = libraryNames(loss.name);
    await t.notThrowsAsync(run('cc', ['-std=c11', '-fopenmp', '-fsyntax-only', '-Wall', '-Wextra', '-Wshadow', '-Werror', '-pedantic', '-Iinclude', `src/${prefix}.c`], folder));
    await t.notThrowsAsync(run('c++', ['-std=c++17', '-fsyntax-only', '-Wall', '-Wextra', '-Werror', '-pedantic', '-Iinclude', '-x', 'c++', `include/${prefix}_ring.h`], folder));
  });
}

const bindProgram = `#include "infinitile_info_nce.c"
int main(void) {
  long long mode, n, m, workers, budget;
  while (scanf("%lld %lld %lld %lld %lld", &mode, &n, &m, &workers, &budget) == 5) {
    const Target* target = &cuda_targets[mode / 2].target;
    const Shape whole = shape_of(n, m, workers);
    Bound bound;
    const bool found = bind_within(mode % 2 == 0 ? target->alone.bounded : target->alone.running, &whole, budget, &bound);
    printf("%d %lld %lld %lld %d %lld\\n", found, (long long)bound.shape.chunk_rows, (long long)bound.shape.chunk_cols,
           (long long)bound.forward.chunk_rows, found && bound.fused, (long long)bound.workspace_bytes);
  }
  return 0;
}
`;

test('chunks are chosen as they are here, whatever the shapes and the budget', async (t) => {
  const folder = await outsideFolder(t);
  const gpus = targets.filter(({ device }) => device === 'cuda');
  const one = { name: '', loss: infoNCE, precision: 'bf16', queries: 1, keys: 1, dim: 128, params: {} } as const;
  await writeLibrary(folder, one, gpus.map(({ name }) => name), true);
  await writeFile(path.join(folder, 'main.c'), bindProgram);
  await run('sh', ['-c', 'cc -std=c11 -O1 -Iinclude -Isrc main.c kernels/*.c -lm -ldl -o main'], folder);
  const plans = compileTargets({ loss: infoNCE, dim: one.dim, precision: one.precision, tiling: automatic, targets: gpus }).flatMap(({ programs }) => programs.map(({ plan }) => plan));
  const size = fc.oneof(fc.integer({ min: 1, max: 3000 }), fc.integer({ min: 1, max: 2_000_000 }));
  const drawn = fc.sample(fc.tuple(fc.nat({ max: plans.length - 1 }), size, size, fc.integer({ min: 1, max: 160 }), fc.double({ min: 12, max: 31, noNaN: true })), { numRuns: 400, seed: 7 });
  const asked = drawn.map(([mode, n, m, workers, power]) => ({ mode, n, m, workers, budget: Math.floor(2 ** power) }));
  await writeFile(path.join(folder, 'asked.txt'), asked.map(({ mode, n, m, workers, budget }) => `${mode} ${n} ${m} ${workers} ${budget}\n`).join(''));
  const told = (await run('sh', ['-c', './main < asked.txt'], folder)).trimEnd().split('\n');
  const found = asked.map(({ mode, budget, ...shape }) => chosen(plans[mode], shape, budget));
  t.deepEqual(told, found);
  t.true(['1', '0'].every((word) => found.some((line) => line.startsWith(word))) && found.some((line) => line.split(' ')[4] === '1'));
});

/** A line of the program's. */
function chosen(plan: Plan | undefined, shape: { readonly n: number; readonly m: number; readonly workers: number }, budget: number): string {
  if (plan === undefined) throw new Error('there is no such plan');
  const line = (found: 0 | 1, { shape: { chunkRows, chunkCols }, forwardShape, fused, workspaceBytes }: BoundPlan): string =>
    [found, chunkRows, chunkCols, forwardShape.chunkRows, found === 1 && fused ? 1 : 0, workspaceBytes].join(' ');
  try {
    return line(1, bindWithin(plan, shape, budget));
  } catch (error) {
    if (!(error instanceof InfinitileError)) throw error;
    return line(0, bind(plan, shape, plan.tiling.block));
  }
}

const params = { a: 0.7, b: -1.2 };
const ranges = { dot: { low: -1.5, high: 1.5 }, logit: { low: -3, high: 2.5 } };
const attributes = { index: { low: 0, high: 9 }, label: { low: -2, high: 5 }, weight: { low: -1, high: 2 } };
const pair = { dot: 0.3, logit: -1.7, positive: true, row: { index: 3, label: 2, weight: 0.4 }, col: { index: 7, label: -1, weight: 1.9 } };

test('intervals and numbers of random expressions are those that are computed here', async (t) => {
  const folder = await outsideFolder(t);
  await writeLibrary(folder, { name: '', loss: infoNCE, precision: 'f32', queries: 1, keys: 1, dim: 16, params: {} }, ['sm_80'], true);
  const expressions = fc.sample(numberExpressions(), { numRuns: 500, seed: 11 });
  await writeFile(path.join(folder, 'main.c'), arithmeticProgram(expressions));
  await run('cc', ['-std=c11', '-w', '-ffp-contract=off', '-Isrc', 'main.c', '-lm', '-o', 'main'], folder);
  const lines = (await run('./main', [], folder)).trimEnd().split('\n').map((line) => line.split(' ').map((word) => Number(word.replace('inf', 'Infinity'))));
  for (const [i, expression] of expressions.entries()) {
    const { low, high } = interval(expression, { ...ranges, params, row: attributes, col: attributes });
    const value = Number(evaluate(expression, { ...pair, params }));
    for (const [place, mine] of [low, high, value].entries()) {
      const theirs = lines[i]?.[place] ?? 0;
      t.true(close(theirs, mine), `${JSON.stringify(expression)}: ${theirs} is ${mine} here`);
    }
  }
});

/** Library functions differ by an ulp or two, which further functions magnify. */
function close(a: number, b: number): boolean {
  return Object.is(a, b) || a === b || Math.abs(a - b) <= 1e-11 * Math.max(1e-300, Math.abs(b));
}

function arithmeticProgram(expressions: readonly Expression[]): string {
  const number = (value: number): string => `(${value})`;
  const range = ({ low, high }: { readonly low: number; readonly high: number }): string => `(Interval){${low}, ${high}}`;
  const scope = {
    parameter: (name: string) => number(name === 'a' ? params.a : params.b),
    input: (name: string) => (name === 'dot' || name === 'logit' ? range(ranges[name]) : name === 'positive' ? 'every_truth' : undefined),
    attribute: (_: 'row' | 'col', name: string) => (name === 'index' || name === 'label' || name === 'weight' ? range(attributes[name]) : undefined),
  };
  const lines = expressions.map((expression) => {
    const value = writeDouble(expression, (leaf) => number(Number(evaluate(leaf, { ...pair, params }))));
    return `  tell(ends_of(${writeBounds(expression, scope)}), ${value});`;
  });
  return `#include <float.h>
#include <math.h>
#include <stdio.h>
#include "bounds.h"
static void tell(Interval x, double value) { printf("%.17g %.17g %.17g\\n", x.low, x.high, value); }
int main(void) {
${lines.join('\n')}
  return 0;
}
`;
}
