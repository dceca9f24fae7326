import type { KnobValue } from '../../../dsl/choice.js';
import type { Estimate } from '../../../codegen/cost/estimate.js';
import type { TuneResult } from '../result.js';
import type { Role } from './marks.js';

/** A candidate of any fate, as charts show it. */
export interface Shown {
  readonly id: string;
  readonly settings: Readonly<Record<string, KnobValue>>;
  /** What it is drawn as, lowest first: the winner may be the usual tiling too, and the model's first choice. */
  readonly roles: readonly Role[];
  readonly predicted: Estimate;
  /** Milliseconds that were measured, and the speed by that of the usual tiling in the same rounds. */
  readonly measured?: { readonly ms: number; readonly speed: number };
}

/** All candidates: those that were timed, then those that were not, then those that failed. */
export function candidatesOf(result: TuneResult): readonly Shown[] {
  const { usual, best, timed, untimed, failed } = result;
  const first = firstChoice(result);
  const special = (id: string): readonly Role[] => [
    ...(id === first ? (['first'] as const) : []),
    ...(id === usual.id ? (['usual'] as const) : []),
    ...(id === best.id ? (['winner'] as const) : []),
  ];
  return [
    ...[...timed, ...untimed].map(({ id, settings, predicted, timing, relative }): Shown => ({
      ...{ id, settings, predicted },
      roles: [timing === undefined ? 'untimed' : 'candidate', ...special(id)],
      ...(timing === undefined || relative === undefined ? {} : { measured: { ms: timing.ms, speed: 1 / relative.ratio } }),
    })),
    ...failed.map(({ id, settings, predicted }): Shown => ({ id, settings, predicted, roles: ['failed', ...special(id)] })),
  ];
}

/** Which the model puts first; of equals the one that was faster. */
export function firstChoice({ timed, untimed, failed }: TuneResult): string | undefined {
  return [...timed, ...untimed, ...failed].reduce<{ readonly id: string; readonly predicted: Estimate } | undefined>(
    (first, candidate) => (first !== undefined && first.predicted.milliseconds <= candidate.predicted.milliseconds ? first : candidate),
    undefined,
  )?.id;
}

export function flopsOf({ passes }: Estimate): number {
  return passes.reduce((sum, { flops }) => sum + flops, 0);
}

/** To and from memory. */
export function bytesOf({ passes }: Estimate): number {
  return passes.reduce((sum, { bytes }) => sum + bytes, 0);
}
