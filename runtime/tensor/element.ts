/**
 * How a tensor's numbers are stored, in memory and in files. `u16` is sixteen bits that a file does not explain further:
 * bf16 or f16, as whoever reads it knows.
 */
export type ElementType = 'f32' | 'f64' | 'f16' | 'bf16' | 'u16' | 'i32' | 'i64';

export const elementSize: Readonly<Record<ElementType, number>> = { f32: 4, f64: 8, f16: 2, bf16: 2, u16: 2, i32: 4, i64: 8 };

/** Elements of a shape, or undefined where that is beyond exact integers. A scalar has one. */
export function elementCount(shape: readonly number[]): number | undefined {
  let count = 1;
  for (const extent of shape) {
    count *= extent;
    if (!Number.isSafeInteger(count * 8)) return undefined;
  }
  return count;
}

/** `[3, 4]` as people write it. */
export function printShape(shape: readonly number[]): string {
  return `[${shape.join(', ')}]`;
}
