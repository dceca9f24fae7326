import { mostValues } from './choice.js';
import { didYouMean, listNames, showValue, type Diagnostic } from './diagnostics/index.js';
import type { KnobPlace, LevelName, PassName, Tiling } from './tiling.js';

export const levelNames: readonly LevelName[] = ['ring', 'chunk', 'block', 'register', 'instruction'];

export const passNames: readonly PassName[] = ['stats', 'gradient', 'guide', 'accumulate'];

export type Finding = Pick<Diagnostic, 'code' | 'message'> & { readonly hint: string };

/** Knobs of a level or of a pass's block: numbers are positive integers, words one of a few. */
interface Knobs {
  readonly required: readonly string[];
  readonly optional: readonly string[];
  readonly words: Readonly<Record<string, readonly string[]>>;
}

const panels = ['resident', 'split', 'streamed'];
const similarity: Knobs = { required: [], optional: ['rows', 'cols', 'stages', 'cluster'], words: { panel: panels, consumers: ['turns', 'together'] } };

const knobs: Readonly<Record<Exclude<KnobPlace, 'instruction'>, Knobs>> = {
  ring: { required: [], optional: ['ranks', 'nodes', 'inFlight'], words: { circulate: ['keys'] } },
  chunk: { required: ['rows', 'cols'], optional: ['workers'], words: { fit: ['exact', 'shrink'], backward: ['fused', 'recompute'] } },
  block: { required: ['rows', 'cols', 'depth'], optional: ['stages', 'group', 'cluster'], words: { panel: panels } },
  stats: similarity,
  gradient: similarity,
  guide: similarity,
  accumulate: { required: [], optional: ['rows', 'cols', 'stages', 'cluster'], words: {} },
  register: { required: ['rows', 'cols'], optional: [], words: {} },
};

/** Knobs of which one is not enough. */
const floors: Readonly<Record<string, { readonly least: number; readonly hint: string }>> = {
  inFlight: { least: 2, hint: 'a whole number from 2 is needed: one shard of keys is used while another arrives' },
};

/** What is wrong with the values that knobs are given, each by itself. `values`: one of a knob that is set, all of one that is open. */
export function checkKnobs(place: KnobPlace, values: ReadonlyMap<string, readonly unknown[]>): readonly Finding[] {
  const choices = [...values].flatMap(([knob, given]) => checkChoice(place, knob, given));
  if (place === 'instruction') return [...choices, ...(values.get('name') ?? [undefined]).flatMap(checkInstruction)];
  const { required, optional, words } = knobs[place];
  const known = [...required, ...optional, ...Object.keys(words)];
  return [
    ...required.filter((knob) => !values.has(knob)).map((knob): Finding => ({ code: 'INF3006', message: `${named(place)} lacks '${knob}'`, hint: `a ${place} has ${listNames(known)}` })),
    ...choices,
    ...[...values].flatMap(([knob, given]): readonly Finding[] => {
      if (!known.includes(knob)) {
        const near = didYouMean(knob, known);
        return [{ code: 'INF3004', message: `${named(place)} has no knob '${knob}'`, hint: `${near === '' ? '' : `${near} `}a ${place} has ${listNames(known)}` }];
      }
      return given.flatMap((value) => checkValue(place, knob, value, words[knob]));
    }),
  ];
}

function checkValue(place: KnobPlace, knob: string, value: unknown, words: readonly string[] | undefined): readonly Finding[] {
  const refused = (hint: string): readonly Finding[] => [{ code: 'INF3003', message: `'${knob}' of ${named(place)} is ${showValue(value)}`, hint }];
  if (words !== undefined) return words.some((word) => word === value) ? [] : refused(`it is ${words.map((word) => `'${word}'`).join(' or ')}`);
  const { least, hint } = floors[knob] ?? { least: 1, hint: 'a positive integer is needed' };
  return isCount(value) && value >= least ? [] : refused(hint);
}

function checkChoice(place: KnobPlace, knob: string, values: readonly unknown[]): readonly Finding[] {
  const refused = (what: string, hint: string): readonly Finding[] => [{ code: 'INF3008', message: `'${knob}' of ${named(place)} is left open among ${what}`, hint }];
  if (values.length === 0) return refused('no values', 'oneOf() takes one value at least; a range goes up from its first number to its last');
  if (values.length > mostValues) return refused(`more than ${mostValues} values`, 'take a longer stride, or `times` in place of `by`');
  const twice = values.filter((value, i) => values.indexOf(value) < i);
  return twice.length > 0 ? refused(`values of which ${showValue(twice[0])} is there twice`, 'each value is tried once') : [];
}

function named(place: KnobPlace): string {
  return `${passNames.some((pass) => pass === place) ? 'pass' : 'level'} '${place}'`;
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0;
}

function checkInstruction(name: unknown): readonly Finding[] {
  if (typeof name === 'string' && /^\w[\w.-]*$/.test(name)) return [];
  return [{ code: 'INF3007', message: `${showValue(name)} does not name an instruction`, hint: "such as 'mma.m16n8k16'; targets list theirs" }];
}

/** Levels whose tile is larger than that of a level outside them. Of knobs that are open, the first values are what counts. */
export function nestingMistakes({ chunk, block, register, open = [] }: Tiling): readonly { readonly level: LevelName; readonly message: string; readonly hint: string }[] {
  const pairs = [
    { outer: 'chunk', inner: 'block', outside: chunk, inside: block },
    { outer: 'chunk', inner: 'register', outside: chunk, inside: register },
    { outer: 'block', inner: 'register', outside: block, inside: register },
  ] as const;
  return pairs.flatMap(({ outer, inner, outside, inside }) => {
    if (outside === undefined || inside === undefined) return [];
    const isOpen = (axis: string): boolean => open.some(({ level, knob }) => (level === outer || level === inner) && knob === axis);
    return (['rows', 'cols'] as const)
      .filter((axis) => isCount(inside[axis]) && isCount(outside[axis]) && inside[axis] > outside[axis])
      .map((axis) => ({
        level: inner,
        message: `level '${inner}' has ${inside[axis]} ${axis}, more than the ${outside[axis]} of level '${outer}' that holds it`,
        hint: `at most ${outside[axis]} ${axis}, or a larger ${outer}${isOpen(axis) ? '; the first values of open knobs are what runs untuned' : ''}`,
      }));
  });
}
