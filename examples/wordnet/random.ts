/**
 * 32-bit hashing in place of Math.random: integer arithmetic only, so every machine draws the same numbers.
 */

/** MurmurHash3's finalizer: a bijection of 32 bits in which every input bit moves every output bit. */
export function mix(value: number): number {
  let h = value | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** The `index`-th draw of the stream `seed`, an unsigned 32-bit integer. Both are mixed, so that near seeds do not share streams. */
export function draw(seed: number, index: number): number {
  return mix(mix(seed) ^ Math.imul(index + 1, 0x9e3779b1));
}

/** Scales a 32-bit draw to an integer in [0, size). */
export function below(size: number, bits: number): number {
  return Math.floor((bits / 2 ** 32) * size);
}

/** Seeds are unsigned 32-bit integers: anything else would be truncated in silence to a seed that was not asked for. */
export function checkSeed(seed: number): void {
  if (!Number.isInteger(seed) || seed < 0 || seed > 0xffffffff)
    throw new RangeError(`seed must be an integer from 0 to 4294967295, not ${seed}`);
}
