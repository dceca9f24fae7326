import { pairwiseLoss, type PairwiseLoss } from 'infinitile';

/*
 * CLIP with pairs left out by where they stand. Which tiles a mask touches is worked out for whole tiles, so that it costs
 * nothing in all others.
 *
 *     npx infinitile bench --loss examples/losses/masks.ts#neighbours
 */

/** Captions are written picture after picture, and each also suits the picture before. */
export const neighbours: PairwiseLoss = pairwiseLoss('neighbours', {
  params: ['logScale'],
  logit: ({ dot, params }) => Math.exp(params.logScale) * dot,
  rows: { weight: 0.5, counts: ({ row, col }) => row.index !== col.index + 1 },
  cols: { weight: 0.5, counts: ({ row, col }) => row.index !== col.index + 1 },
});

/** Pairs come in groups of eight from one source; a row's own group says nothing, its own positive excepted. */
export const groups: PairwiseLoss = pairwiseLoss('groups', {
  params: ['logScale'],
  constants: { group: 8 },
  logit: ({ dot, params }) => Math.exp(params.logScale) * dot,
  rows: {
    weight: 0.5,
    counts: ({ positive, row, col, constants }) => positive || Math.floor(row.index / constants.group) !== Math.floor(col.index / constants.group),
  },
  cols: { weight: 0.5 },
});
