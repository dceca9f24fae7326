import { product, shuffled } from './draw.js';
import type { Settings } from './settings.js';

/** Settings of all groups: all, or first those that differ from the usual in one group, then mixed, each group's own as often as another. */
export function* spread(groups: readonly (readonly Settings[])[], most: number, random: () => number): Generator<Settings> {
  if (groups.reduce((count, { length }) => count * length, 1) <= most) {
    for (const chosen of product(groups)) yield chosen.flat();
    return;
  }
  const usual = groups.map(([first = []]) => first);
  const share = Math.ceil(most / 2 / groups.length);
  for (const [place, group] of groups.entries()) for (const own of shuffled(group, random).slice(0, share)) yield usual.map((settings, i) => (i === place ? own : settings)).flat();
  for (let drawn = 0; drawn < most; ) {
    const decks = groups.map((group) => shuffled(group, random));
    for (let i = 0; i < Math.max(...decks.map(({ length }) => length)); i += 1, drawn += 1) yield decks.flatMap((deck) => deck[i % deck.length] ?? []);
  }
}
