/** The legal ways to run a problem. */

export type { SpaceRequest } from './candidates.js';
export { closed } from './closed.js';
export { makeSpace } from './make-space.js';
export type { Axis, Candidate, Space } from './space.js';
