import type { Precision } from '../../dsl/problem.js';
import type { Tiling } from '../../dsl/tiling.js';
import type { Parameters } from '../scalars.js';
import type { OnWarning } from './errors.js';
import type { Effort } from './result.js';

export interface TuneOptions {
  /** D: numbers in an embedding. */
  readonly dim: number;
  /** How Q and K are stored; 'f32' unless said. */
  readonly precision?: Precision;
  /** What is not searched: levels and knobs that it sets stay, those it restricts take one of its values. All is open, unless said. */
  readonly tiling?: Tiling;
  /** As for `compile`. */
  readonly target?: string;
  readonly workspace?: number;
  readonly threads?: number;
  /** Queries and keys that are timed: as many as take about a quarter of a second, at most 32,768; and as many keys as queries. */
  readonly n?: number;
  readonly m?: number;
  /** Values of learned scalars; those of a trained CLIP where the loss has the same. */
  readonly params?: Parameters;
  /** `none`: the model's first choice, unmeasured. `quick`, unless said: what the model puts first, and some from all over the space. `full`: all candidates. */
  readonly effort?: Effort;
  /** Seconds for everything. Of `quick`, unless said, 60 on a CPU and 300 on a GPU; `full` takes what it takes. */
  readonly budget?: number;
  /** Which candidates a quick search adds to those that the model puts first; 0 unless said. */
  readonly seed?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: TuneProgress) => void;
  /** Told of what cannot be read or kept in the cache; a process warning, unless said. */
  readonly onWarning?: OnWarning;
}

/** How far a search is. */
export interface TuneProgress {
  readonly phase: 'building' | 'timing' | 'checking';
  /** Candidates that were timed, that failed, and that the search means to time. */
  readonly timed: number;
  readonly failed: number;
  readonly total: number;
  /** The fastest so far, with its time by that of the usual tiling. Absent until one was faster. */
  readonly best?: { readonly id: string; readonly ratio: number };
  /** Of the budget; absent without one. */
  readonly secondsLeft?: number;
}

/** Seconds. */
export const quickBudgets: Readonly<Record<'cpu' | 'cuda', number>> = { cpu: 60, cuda: 300 };
