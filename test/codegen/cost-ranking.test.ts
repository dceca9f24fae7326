import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import test from 'ava';
import { z } from 'zod';
import { estimate } from '../../codegen/cost/index.js';
import { packagePath } from '../../codegen/emit/package-path.js';
import { Planner } from '../../codegen/space/candidates.js';
import { targetNamed } from '../../codegen/targets/index.js';
import { clip } from '../../dsl/losses.js';
import { automatic } from '../../dsl/tilings.js';
import type { KnobPlace } from '../../dsl/tiling.js';

const place = z.enum(['chunk', 'stats', 'gradient', 'accumulate']) satisfies z.ZodType<KnobPlace>;

/** Tilings that were timed on a GPU: a row of numbers and words for each, by the columns. */
const measuredSchema = z.object({
  ...{ device: z.string(), target: z.string(), precision: z.enum(['f32', 'bf16', 'f16']), n: z.number(), workers: z.number() },
  columns: z.array(z.string()),
  cases: z.array(z.object({ dim: z.number(), timed: z.array(z.array(z.union([z.number(), z.string()]))) })),
});

type Measured = z.infer<typeof measuredSchema>;

const folder = packagePath('docs', 'measurements', 'tuning');
const measurements = readdirSync(folder).map((name) => measuredSchema.parse(JSON.parse(readFileSync(path.join(folder, name), 'utf8'))));

/** Once timed, a candidate may have met a moment of another clock. */
const enoughRounds = 3;

interface Timed {
  readonly predicted: number;
  /** Its time by that of the usual tiling. */
  readonly ratio: number;
  readonly rounds: number;
}

for (const { measured, dim, timed } of measurements.flatMap((of) => of.cases.map((each) => ({ measured: of, ...each })))) {
  test(`of tilings timed on an ${measured.device}, D = ${dim}, those that the model puts first are fast`, (t) => {
    const all = timed.map((row) => timedOf(measured, dim, row)).sort((a, b) => a.predicted - b.predicted);
    const sure = all.filter(({ rounds }) => rounds >= enoughRounds);
    const best = Math.min(...sure.map(({ ratio }) => ratio));
    t.true(sure.length >= 10);
    t.true(best / (sure[0]?.ratio ?? NaN) >= 0.85);
    t.true(best / Math.min(...sure.slice(0, 10).map(({ ratio }) => ratio)) >= 0.97);
    t.true(rankCorrelation(all) >= 0.5, String(rankCorrelation(all)));
  });
}

function timedOf(measured: Measured, dim: number, row: readonly (number | string)[]): Timed {
  const target = targetNamed(measured.target);
  if (target === undefined) throw new Error(`there is no target ${measured.target}`);
  const { n, workers, precision } = measured;
  const values = new Map(measured.columns.map((name, i) => [name, row[i] ?? '']));
  const settings = [...values].filter(([name]) => name.includes('.')).map(([name, value]) => ({ level: place.parse(name.split('.')[0]), knob: name.split('.')[1] ?? '', value }));
  const planned = new Planner({ loss: clip, dim, precision, target, tiling: automatic, run: { n, m: n, workers } }).plan(settings);
  if (!('bound' in planned)) throw new Error(planned.diagnostics.map(({ message }) => message).join('\n'));
  return { predicted: estimate(planned.bound, target.machine({ device: measured.device, workers })).milliseconds, ratio: Number(values.get('timeByUsual')), rounds: Number(values.get('rounds')) };
}

/** Spearman's, of what was predicted (in its order) and what was measured. */
function rankCorrelation(inOrder: readonly Timed[]): number {
  const byTime = [...inOrder].sort((a, b) => a.ratio - b.ratio);
  const ranks = new Map(byTime.map((each, rank) => [each, rank]));
  const squares = inOrder.reduce((sum, each, rank) => sum + (rank - (ranks.get(each) ?? NaN)) ** 2, 0);
  return 1 - (6 * squares) / (inOrder.length * (inOrder.length ** 2 - 1));
}
