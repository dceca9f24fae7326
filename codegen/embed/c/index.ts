/** A loss as a C library. */
export type { Image, Images } from './images.js';
export { emitLibrary } from './library.js';
export { libraryNames, type LibraryNames } from './names.js';
export { compileTargets, type LibraryRequest, type TargetPrograms } from './programs.js';
