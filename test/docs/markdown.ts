/** A table; the cells of a row in the order of the head. */
export function markdown(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`.replace(/ {2,}/g, ' ');
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/** `1,234,567`. */
export function grouped(value: number): string {
  return value.toLocaleString('en-US');
}

/** Three digits, or whole milliseconds from a second on. */
export function milliseconds(ms: number): string {
  return ms < 1000 ? String(Number(ms.toPrecision(3))) : grouped(Math.round(ms));
}
