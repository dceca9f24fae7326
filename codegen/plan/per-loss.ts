import type { PairwiseLoss } from '../../dsl/loss.js';

/** What follows from a loss and whether reports are kept, worked out once: a search asks for it with every tiling. */
export function perLoss<T>(work: (loss: PairwiseLoss, reports: boolean) => T): (loss: PairwiseLoss, reports?: boolean) => T {
  const known = [new WeakMap<PairwiseLoss, { readonly of: T }>(), new WeakMap<PairwiseLoss, { readonly of: T }>()] as const;
  return (loss, reports = false) => {
    const map = known[reports ? 1 : 0];
    const found = map.get(loss) ?? { of: work(loss, reports) };
    map.set(loss, found);
    return found.of;
  };
}
