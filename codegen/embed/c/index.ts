/** A loss as a C library. */
export type { Image } from './images.js';
export { compileTargets, emitLibrary, type Images, type LibraryRequest, type TargetPrograms } from './library.js';
export { libraryNames, type LibraryNames } from './names.js';
