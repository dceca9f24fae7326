/**
 * Where a kernel's tiling comes from. `given`: from the caller, who may have left some of it to the target. `tuned`: from a search
 * on this machine. `shipped`: from one that came with the package. `usual`: what the target chooses when nothing is known.
 */
export type TilingOrigin = 'given' | 'tuned' | 'shipped' | 'usual';
