import { compileProgram, type Program } from '../../codegen/compile.js';
import type { SoftmaxMode } from '../../codegen/plan/plan.js';
import type { ArtifactPlace } from './artifact-place.js';
import { Builds } from './builds.js';
import type { Clock } from './clock.js';
import { budgetTooShort } from './errors.js';
import type { Knowledge } from './knowledge.js';
import { Measuring, OutOfTime } from './measuring.js';
import type { TuneOptions, TuneProgress } from './options.js';
import type { Ask, Search } from './search.js';
import type { Setting } from './setting.js';
import type { TunedStore } from './store/tuned-store.js';
import { TimingDevice } from './worker/timing-device.js';
import { TimingProcess } from './worker/timing-process.js';

export interface MeasureRequest {
  readonly setting: Setting;
  readonly options: Pick<TuneOptions, 'signal' | 'onProgress'>;
  readonly store: TunedStore;
  readonly place: ArtifactPlace;
  readonly clock: Clock;
  /** Candidates that the search means to time. */
  readonly pool: readonly string[];
  readonly search: Search;
  /** What the search knows: it learns. */
  readonly known: Knowledge;
}

/**
 * Measures what a search asks for until it is done, or the budget is over; then what the most promising candidate needs to win, as
 * far as time was put by for it. Each measurement is kept as soon as it is known. Tells whether the search was done.
 *
 * @throws {InfinitileError} INF8008 when the budget is over before any candidate was timed.
 */
export async function measureCandidates(request: MeasureRequest): Promise<boolean> {
  const { setting, options, store, place, clock, pool, known, search } = request;
  const ended = new AbortController();
  const signal = AbortSignal.any([ended.signal, clock.signal(), ...(options.signal === undefined ? [] : [options.signal])]);
  const modes = new Set<SoftmaxMode>(['bounded']);
  const builds = new Builds(setting.builder, (id) => [...modes].map((softmax) => programOf(setting, id, softmax)), signal);
  const device = new TimingDevice(setting.problem, () => new TimingProcess(undefined, place.environment));
  const stop = (): void => device.close();
  options.signal?.addEventListener('abort', stop, { once: true });
  const measuring = new Measuring({ landscape: setting.landscape, builds, device, clock, signal: options.signal, onSoftmax: (mode) => modes.add(mode), onPhase: tell });
  const file = place.passing ? undefined : await store.begin(setting.problem);

  function tell(phase: TuneProgress['phase']): void {
    const best = search.leading();
    options.onProgress?.({
      ...{ phase, timed: known.timed.length, failed: known.failures.length, total: Math.max(pool.length, known.timed.length) },
      ...(best === undefined ? {} : { best }),
      ...(clock.budget === Infinity ? {} : { secondsLeft: Math.max(0, clock.left) }),
    });
  }

  /** False when the budget is over before an answer is there. */
  async function answer(ask: Ask): Promise<boolean> {
    try {
      for (const measurement of await measuring.answer(ask)) {
        known.add(measurement);
        await file?.append(measurement);
      }
      return true;
    } catch (error) {
      options.signal?.throwIfAborted();
      if (error instanceof OutOfTime) return false;
      throw error;
    }
  }

  try {
    for (;;) {
      options.signal?.throwIfAborted();
      const ask = search.next();
      if (ask === undefined) return true;
      const most = clock.left - measuring.decisionSeconds;
      const fitting = fitTo(most, ask, measuring);
      if (fitting === undefined || !(await answer(fitting))) break;
      // A GPU is timed while the processor compiles; on a CPU one would slow down the other.
      if (setting.device === 'cuda') for (const id of pool) void builds.build(id);
    }
    for (let ask = search.closing(); ask !== undefined && clock.left >= measuring.secondsFor(ask) && (await answer(ask)); ask = search.closing());
    if (known.timed.length === 0 && known.failures.length === 0) throw budgetTooShort(clock.budget, 2 * clock.seconds + measuring.secondsFor({ kind: 'round', ids: pool.slice(0, 1) }) + measuring.decisionSeconds);
    return false;
  } finally {
    ended.abort();
    options.signal?.removeEventListener('abort', stop);
    device.close();
    await file?.close();
  }
}

/** An ask that takes no more than so many seconds: with fewer candidates, where that helps. */
function fitTo(seconds: number, ask: Ask, measuring: Measuring): Ask | undefined {
  if (measuring.secondsFor(ask) <= seconds) return ask;
  return ask.kind === 'round' && ask.ids.length > 1 ? fitTo(seconds, { ...ask, ids: ask.ids.slice(0, -1) }, measuring) : undefined;
}

function programOf({ landscape, builder, problem: { loss, dim, precision } }: Setting, id: string, softmax: SoftmaxMode): Program {
  return compileProgram({ loss, dim, precision, tiling: landscape.candidate(id).tiling, target: builder.target, softmax, guideDim: dim });
}
