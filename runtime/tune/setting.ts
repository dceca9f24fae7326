import { availableParallelism } from 'node:os';
import { makeSpace } from '../../codegen/space/index.js';
import { InfinitileError } from '../../dsl/diagnostics/index.js';
import type { PairwiseLoss } from '../../dsl/loss.js';
import { automatic } from '../../dsl/tilings.js';
import { withUsual } from '../bench/usual-parameters.js';
import { checkParameters } from '../check-inputs.js';
import { Builder } from '../device/builder.js';
import { matrixShape, usesTensor } from '../matrix-shape.js';
import type { ArtifactCache } from '../artifact/cache.js';
import { Landscape } from './landscape.js';
import { findMachine } from './machine.js';
import type { TuneOptions } from './options.js';
import type { Effort, Subject } from './result.js';
import { tunedFacts, type TunedFacts } from './store/key.js';
import type { Problem } from './worker/messages.js';

/** All that is known of a search before it begins. */
export interface Setting {
  readonly effort: Effort;
  readonly seed: number;
  readonly device: 'cpu' | 'cuda';
  readonly problem: Problem;
  readonly facts: TunedFacts;
  readonly subject: Subject;
  readonly landscape: Landscape;
  readonly builder: Builder;
}

/** Candidates that are listed of a space: of a quick search, all that its model is asked about. */
const mostCandidates: Readonly<Record<Effort, number>> = { none: 1024, quick: 1024, full: 8192 };

/** What a step is meant to take where the number of rows is left open, and the most rows then. */
const stepSeconds = 0.25;
const [fewestRows, mostRows] = [1024, 32768];

/** @throws {InfinitileError} for options out of range, a target that nothing here runs, a knob without a legal value. */
export async function prepare(loss: PairwiseLoss, options: TuneOptions, cache: ArtifactCache): Promise<Setting> {
  checkOptions(options);
  const { dim, precision = 'f32', tiling = automatic, effort = 'quick', seed = 0 } = options;
  const params = checkParameters(loss, withUsual(loss, options.params ?? {}));
  const { target, device, architecture, multiprocessors } = findMachine(options.target ?? 'cpu');
  if (!target.precisions.includes(precision)) throw new InfinitileError({ code: 'INF4005', message: `target ${target.name} does not take ${precision} inputs`, hint: `it takes ${target.precisions.join(', ')}` });
  const threads = options.threads ?? availableParallelism();
  const [workers, workspace] = [multiprocessors ?? threads, options.workspace ?? target.defaultWorkspace];
  const machine = target.machine({ device, workers });
  const n = options.n ?? rowsFor(machine.flops, dim);
  const m = options.m ?? n;
  const builder = Builder.for(target, architecture, cache);
  const { identity: compiler } = await builder.compiler();
  const facts = tunedFacts({ loss, tiling, dim, guideDim: dim, precision, target, device, compiler, workers, workspace });
  const run = { ...matrixShape(loss, { queries: n, keys: usesTensor(loss, 'keys') ? m : 0 }), workers };
  const space = makeSpace({ loss, dim, precision, guideDim: dim, target, tiling, run, budget: workspace, seed, most: mostCandidates[effort] });
  return {
    ...{ effort, seed, facts, builder, device: target.device, landscape: new Landscape(space, machine) },
    problem: { loss, dim, precision, target: target.name, gpu: 0, threads, workspace, n, m, params },
    subject: { loss: loss.name, lossHash: facts.lossHash, dim, precision, target: target.name, device, compiler, version: facts.version, n, m, workers, workspace },
  };
}

/** A power of two. Forward and backward take 8 N M D flops. */
function rowsFor(flops: number, dim: number): number {
  const rows = Math.sqrt((stepSeconds * flops) / (8 * dim));
  return 2 ** Math.floor(Math.log2(Math.min(mostRows, Math.max(fewestRows, rows))));
}

function checkOptions({ dim, n, m, threads, workspace, effort, budget, seed }: TuneOptions): void {
  const whole = (name: string, value: number | undefined, most: number) => ({ name, value, right: value === undefined || (Number.isInteger(value) && value >= 1 && value <= most), hint: `a whole number from 1 to ${most}` });
  const wrong = [
    whole('dim', dim, 65_536),
    whole('n', n, 2 ** 31 - 1),
    whole('m', m, 2 ** 31 - 1),
    whole('threads', threads, 4096),
    whole('workspace', workspace, Number.MAX_SAFE_INTEGER),
    { name: 'effort', value: effort, right: effort === undefined || ['none', 'quick', 'full'].includes(effort), hint: "'none', 'quick' or 'full'" },
    { name: 'budget', value: budget, right: budget === undefined || (budget > 0 && Number.isFinite(budget)), hint: 'seconds, more than 0' },
    { name: 'seed', value: seed, right: seed === undefined || Number.isSafeInteger(seed), hint: 'a whole number' },
  ].filter(({ right }) => !right);
  if (wrong.length > 0) throw new InfinitileError(wrong.map(({ name, value, hint }) => ({ code: 'INF4013' as const, message: `${name} is ${String(value)}`, hint })));
}
