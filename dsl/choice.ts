/** What a knob of a tiling is set to. */
export type KnobValue = number | string;

/** Values that a knob is left to choose from. The first is taken where nothing is known of their speed. */
export interface Choice<T extends KnobValue = KnobValue> {
  readonly kind: 'choice';
  readonly values: readonly T[];
}

/** Leaves a knob open among these values: `block({ rows: oneOf(64, 128), ... })`. */
export function oneOf<T extends KnobValue>(...values: readonly T[]): Choice<T> {
  return { kind: 'choice', values };
}

/** How a range goes on: by a difference, or by a factor. */
export type Stride = { readonly by: number } | { readonly times: number };

/** More values than a knob can have; a range stops there. */
export const mostValues = 1024;

/** Leaves a knob open among numbers from one to another, both included: `range(1024, 16384, { times: 2 })`. One that does not go up has none. */
export function range(from: number, to: number, stride: Stride): Choice<number> {
  const next = (value: number): number => ('by' in stride ? value + stride.by : value * stride.times);
  const values: number[] = [];
  const goesUp = next(from) > from;
  for (let value = from; goesUp && value <= to && values.length <= mostValues; value = next(value)) values.push(value);
  return { kind: 'choice', values };
}

export function isChoice(value: unknown): value is Choice<never> {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'choice' && 'values' in value && Array.isArray(value.values);
}
