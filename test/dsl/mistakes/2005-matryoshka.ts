import { clip, matryoshka } from '../../../dsl/index.js';

export const declare = () => matryoshka(clip, { dims: [64, 128], weights: [1, 0] });
