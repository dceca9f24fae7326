export const tilingOrigins = ['given', 'tuned', 'shipped', 'usual'] as const;

/**
 * Where a kernel's tiling comes from. `given`: from the caller, who may have left some of it to the target. `tuned`: from a search
 * on this machine. `shipped`: from one that came with the package. `usual`: what the target chooses when nothing is known.
 */
export type TilingOrigin = (typeof tilingOrigins)[number];

/** For people. */
export const originText: Readonly<Record<TilingOrigin, string>> = {
  given: 'given, what it leaves open chosen by the target',
  tuned: 'tuned on this machine',
  shipped: 'tuned before the package was made',
  usual: 'chosen by the target; infinitile tune searches for a faster one',
};
