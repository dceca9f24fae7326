import { indexMap, pairwiseLoss, softmax, softplus } from 'infinitile';

/**
 * Search: N questions, M documents, and for each question the document that answers it, or none. Several questions may have one
 * answer. Each question is classified among all documents; documents are not classified among questions, as most answer none. A
 * small pair term keeps what has no answer at all away from everything.
 *
 *     npx infinitile run examples/losses/retrieval.ts --queries questions.npy --keys documents.npy --positives answers.npy \
 *       --params logScale=3,bias=-8
 */
export const retrieval = pairwiseLoss('retrieval', {
  params: ['logScale', 'bias'],
  positives: indexMap,
  logit: ({ dot, params }) => Math.exp(params.logScale) * dot,
  rows: softmax({ unmatched: 'skip' }),
  pairs: {
    weight: 0.1,
    reduction: 'rowMean',
    value: ({ logit, positive, params }) => {
      const shifted = logit + params.bias;
      return softplus(positive ? -shifted : shifted);
    },
  },
});
