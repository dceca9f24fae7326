import type { PairwiseLoss, Tensor } from '../../../dsl/loss.js';
import { ofPositiveParameter } from '../../emit/places.js';
import { flags } from '../../plan/buffers.js';
import { readsOfPositives, staysOnRank, type Needs } from '../../plan/needs.js';
import { bufferName } from './walk.js';

/** What templates are given of a loss that ranks share: whose rows are where, and what ranks tell each other. `ranged`: attributes whose ranges are known. */
export function ringLossContext({ between, params }: PairwiseLoss, needs: Needs, ranged: number) {
  const sideOf = (tensors: readonly Tensor[]) => ({ queries: tensors.includes('queries'), keys: tensors.includes('keys') });
  const [rowSide, colSide] = [sideOf(between.rows), sideOf(between.cols)];
  const mapped = needs.relation === 'mapped';
  const told = needs.ofPositive.col.map((name) => ({ of: bufferName(name), to: bufferName(ofPositiveParameter('col', name)) }));
  return {
    rowSide,
    colSide,
    usesQueries: rowSide.queries || colSide.queries,
    usesKeys: rowSide.keys || colSide.keys,
    staysOnRank: staysOnRank(needs),
    hasPositivesPass: readsOfPositives(needs),
    // Columns are told, after a pass of its own, what rows know of their positives.
    told,
    tallies: (['row', 'col'] as const).filter((side) => needs[side]?.counted === true).map((side) => bufferName(`${side}Tally`)),
    mapBlocks: mapped ? 1 : 0,
    usesPieces: mapped || told.length > 0,
    sharesRows: mapped || told.length > 0,
    numbersRows: needs.softmax || mapped || told.length > 0,
    flagSides: flags.map((flag) => (flag.startsWith('row') ? rowSide : colSide)),
    // Norms, ranges and params; or flags, the loss and the params' gradients.
    shareWords: params.length + Math.max(2 + 2 * ranged, flags.length + 1),
  };
}
