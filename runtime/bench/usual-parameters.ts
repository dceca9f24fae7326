import type { PairwiseLoss } from '../../dsl/loss.js';
import type { Parameters } from '../scalars.js';

/** Where training of such a loss starts or ends up; time hardly depends on them. */
const usualParameters: Parameters = { logScale: Math.log(50), bias: -10 };

/** The values that were given, and the usual ones of the others that the loss has. */
export function withUsual({ params }: PairwiseLoss, given: Parameters): Parameters {
  const usual = Object.entries(usualParameters).filter(([name]) => params.includes(name));
  return { ...Object.fromEntries(usual), ...given };
}
