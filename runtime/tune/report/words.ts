/** `1,234,567`. */
export function grouped(value: number): string {
  return value.toLocaleString('en-US');
}

/** `1.14×`. */
export function factor(value: number): string {
  return `${value.toPrecision(3)}×`;
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${grouped(count)} ${count === 1 ? one : many}`;
}
