import type { PairwiseLoss } from '../../dsl/loss.js';
import { cacheDirectory } from '../artifact/cache-directory.js';
import { deviceOf } from '../device/choose-target.js';
import { openArtifactPlace, type ArtifactPlace } from './artifact-place.js';
import { Clock } from './clock.js';
import { nothingKept, warnProcess } from './errors.js';
import { Knowledge } from './knowledge.js';
import { measureCandidates } from './measure-candidates.js';
import { quickBudgets, type TuneOptions } from './options.js';
import { choosePool, quickPool } from './pool.js';
import { rank } from './ranking.js';
import type { TuneResult } from './result.js';
import { Search, type Course } from './search.js';
import { prepare, type Setting } from './setting.js';
import { tunedFormat } from './store/key.js';
import type { TunedRecord } from './store/record.js';
import { TunedStore } from './store/tuned-store.js';

/** What was found, and as it is kept. */
export interface Tuned extends TuneResult {
  readonly record: TunedRecord;
}

/**
 * Searches the tiling's legal space on this machine for what runs a loss fastest, and keeps the winner in the cache, where
 * `compile` finds it. A search that was interrupted, or had a smaller budget, goes on from what was measured. The usual tiling is
 * timed with the others: a winner is faster beyond noise, and right by fp64, or it is the usual one.
 *
 * @throws {InfinitileError} for a knob without a legal value, a budget too short, a machine that does not run the target; with the
 * signal's reason when it aborts: what was measured is kept.
 */
export async function tune(loss: PairwiseLoss, options: TuneOptions): Promise<Tuned> {
  const clock = new Clock(budgetOf(options));
  const { onWarning = warnProcess } = options;
  const place = await openArtifactPlace(onWarning);
  try {
    const setting = await prepare(loss, options, place.artifacts);
    const store = new TunedStore(cacheDirectory(), setting.facts, onWarning);
    return await search({ setting, options, store, place, clock });
  } finally {
    await place.close();
  }
}

function budgetOf({ budget, effort = 'quick', target = 'cpu' }: TuneOptions): number | undefined {
  return budget ?? (effort === 'quick' ? quickBudgets[deviceOf(target)] : undefined);
}

interface Job {
  readonly setting: Setting;
  readonly options: TuneOptions;
  readonly store: TunedStore;
  readonly place: ArtifactPlace;
  readonly clock: Clock;
}

async function search(job: Job): Promise<Tuned> {
  const { setting: { landscape, effort, problem }, store, place } = job;
  const known = new Knowledge(await store.measurements(problem));
  const kept = await store.winner(problem);
  if (effort === 'none') return conclude(job, known, landscape.first.id, true, kept);
  const course = courseOf(job.setting);
  const begun = new Search(course, known);
  if (kept !== undefined && covers(kept, job)) {
    // On its way it meets the neighbours that were tried.
    begun.next();
    if (landscape.has(kept.id)) return { ...resultOf(job, known, kept.id), fromCache: true, record: kept };
  }
  const complete = await measureCandidates({ ...job, pool: course.pool, known, search: begun });
  // Other processes may have measured meanwhile.
  const all = place.passing ? known : new Knowledge(await store.measurements(problem));
  return conclude(job, all, new Search(course, all).best(), complete, kept);
}

function courseOf({ landscape, effort, device, seed }: Setting): Course {
  const pool = effort === 'none' ? [] : choosePool(landscape.ordered(), effort, quickPool[device], seed);
  return { usual: landscape.space.usual.id, pool, neighbours: (id) => landscape.neighbours(id), has: (id) => landscape.has(id) };
}

/** Whether a search as thorough as this one has found it. */
function covers({ effort, seed, complete, budget }: TunedRecord, { setting, clock }: Job): boolean {
  const thorough = effort === 'full' || (effort === setting.effort && seed === setting.seed);
  return thorough && (complete || (budget !== null && budget >= clock.budget));
}

async function conclude(job: Job, known: Knowledge, best: string, complete: boolean, kept: TunedRecord | undefined): Promise<Tuned> {
  const result = resultOf(job, known, best);
  const record = recordOf(job, result, complete);
  const measured = kept !== undefined && kept.effort !== 'none';
  // What was measured is worth more than what the model says.
  if (record.effort !== 'none' || !measured) await keep(job, record);
  return { ...result, record };
}

async function keep({ store, place, options: { onWarning = warnProcess } }: Job, record: TunedRecord): Promise<void> {
  // That nothing is kept has been told.
  if (place.passing) return;
  await store.keepWinner(record).catch((error: unknown) => {
    if (!(error instanceof Error)) throw error;
    onWarning(nothingKept(cacheDirectory(), error));
  });
}

function resultOf({ setting, clock }: Job, known: Knowledge, best: string): TuneResult {
  const { subject, landscape, effort, seed } = setting;
  const { machine, space } = landscape;
  return { subject, machine, effort, seed, axes: space.axes, ...rank(landscape, known, best), seconds: clock.seconds, fromCache: false };
}

function recordOf({ setting, clock }: Job, { usual, best, effort, seed }: TuneResult, complete: boolean): TunedRecord {
  const { facts, problem: { n, m } } = setting;
  return {
    ...{ kind: 'tuned', format: tunedFormat, subject: { ...facts, n, m }, id: best.id, tiling: best.tiling, effort, seed, complete },
    budget: clock.budget === Infinity ? null : clock.budget,
    created: new Date().toISOString(),
    usual: usual.timing ?? null,
    best: best.timing ?? null,
    relative: best.relative ?? null,
    error: best.error ?? null,
  };
}
