import { tiling } from '../../../dsl/index.js';

export const declare = () =>
  tiling('mistaken', (t) =>
    t
      // @ts-expect-error queries stay
      .ring({ ranks: 0, inFlight: 1, circulate: 'queries' }),
  );
