import { pairwiseLoss, softmax } from '../../../dsl/index.js';

const logit = ({ dot }: { readonly dot: number }): number => 2 * dot;

export const declare = () => pairwiseLoss('mistaken', { logit: logit.bind(undefined), rows: softmax() });
