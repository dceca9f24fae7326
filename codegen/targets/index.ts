import { cpuTargets } from './cpu/index.js';
import { sm80 } from './sm_80/index.js';
import { sm90a } from './sm_90a/index.js';
import type { Target } from './target.js';

/**
 * Every target there is. To add one: its folder here, its folder in `templates/`, its line in this list. Of those that a GPU
 * runs, `cuda` is the last.
 */
export const targets: readonly Target[] = [...cpuTargets, sm80, sm90a];

export function targetNamed(name: string): Target | undefined {
  return targets.find((target) => target.name === name);
}
