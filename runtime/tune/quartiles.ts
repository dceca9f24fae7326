/** The middle of some values, and what half of them lie between. */
export interface Quartiles {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

/** Between two values their share of both. @throws {RangeError} of no values. */
export function quartiles(values: readonly number[]): Quartiles {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (part: number): number => {
    const place = part * (sorted.length - 1);
    const [below, above] = [sorted[Math.floor(place)], sorted[Math.ceil(place)]];
    if (below === undefined || above === undefined) throw new RangeError('no values have no quartiles');
    return below + (above - below) * (place - Math.floor(place));
  };
  return { median: at(0.5), low: at(0.25), high: at(0.75) };
}
