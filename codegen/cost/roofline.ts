import type { Resource } from './estimate.js';

/** How sharply the slowest resource alone decides: two that are busy all the time take a twentieth longer than either. */
const usualSharpness = 16;

/** Seconds of work that is spread over resources which run side by side: the longest, and a little more where others are as long. */
export function overlapped(seconds: readonly number[], sharpness = usualSharpness): number {
  const longest = Math.max(0, ...seconds);
  if (longest === 0) return 0;
  return longest * seconds.reduce((sum, each) => sum + (each / longest) ** sharpness, 0) ** (1 / sharpness);
}

/** What takes longest. */
export function boundOf(on: Readonly<Partial<Record<Resource, number>>>): Resource {
  return resources.reduce((longest, each) => ((on[each] ?? 0) > (on[longest] ?? 0) ? each : longest));
}

export const resources: readonly Resource[] = ['arithmetic', 'special functions', 'shared memory', 'L1', 'L2', 'memory', 'launches'];
