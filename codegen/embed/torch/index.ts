/** A loss as a Python package for PyTorch, around the C library of it. */
export { packageNames, type PackageNames } from './names.js';
export { emitTorch } from './package.js';
