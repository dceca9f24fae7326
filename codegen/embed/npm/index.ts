/** A loss as an npm package. */
export type { PackagedKernels, PackagedTarget } from './definition.js';
export { emitHosted } from './hosted.js';
export { packageName } from './names.js';
export { emitStandalone } from './standalone.js';
