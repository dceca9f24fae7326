/** A C literal of type float with the bits of `Math.fround(value)`. */
export function floatLiteral(value: number): string {
  const rounded = Math.fround(value);
  return Number.isFinite(rounded) ? `${withPoint(Number(rounded.toPrecision(9)))}f` : special(rounded, 'f');
}

/** A C literal of type double. */
export function doubleLiteral(value: number): string {
  return Number.isFinite(value) ? withPoint(value) : special(value, '');
}

function withPoint(value: number): string {
  const digits = Object.is(value, -0) ? '-0' : String(value);
  return /[.e]/.test(digits) ? digits : `${digits}.0`;
}

function special(value: number, suffix: 'f' | ''): string {
  return Number.isNaN(value) ? `__builtin_nan${suffix}("")` : `${value < 0 ? '-' : ''}__builtin_inf${suffix}()`;
}
