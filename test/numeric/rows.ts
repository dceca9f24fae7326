/**
 * Positives stand two standard deviations out of chance: the best of many others is further out, so that no softmax is
 * decided. A loss of e^-60 would measure nothing but cancellation.
 */
const nearness = (count: number, dim: number) => (count < 100 ? 0 : 2 / Math.sqrt(dim));

/** Rows of the given norms in random directions; with `near`, each turned towards its partner. Deterministic. */
export function rows(count: number, dim: number, seed: number, norm: (row: number) => number = () => 1, near?: Float32Array): Float32Array {
  const random = generator(seed * 7919 + count * 31 + dim);
  const pull = nearness(count, dim);
  const values = new Float32Array(count * dim);
  for (let row = 0; row < count; row += 1) {
    let squares = 0;
    for (let d = 0; d < dim; d += 1) {
      const value = normal(random) / Math.sqrt(dim) + (pull * (near?.[row * dim + d] ?? 0)) / norm(row);
      values[row * dim + d] = value;
      squares += value * value;
    }
    const scale = norm(row) / Math.sqrt(squares);
    for (let d = 0; d < dim; d += 1) values[row * dim + d] = (values[row * dim + d] ?? 0) * scale;
  }
  return values;
}

/** mulberry32: 32 bits of state, good enough for test data. */
export function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}
