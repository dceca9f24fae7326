import { compile } from 'infinitile';
import { retrieval } from './losses/retrieval.js';

/**
 * A search index learns: questions [N, D] and documents [M, D] move towards those that belong to them, by plain gradient descent on
 * the unit sphere. N and M differ, and an index map says what belongs together.
 *
 *     npx tsx examples/train.ts
 */
export async function train({ questions = 400, documents = 150, dim = 32, steps = 30, signal }: TrainOptions = {}): Promise<readonly number[]> {
  const random = generator(7);
  const q = randomRows(questions, dim, random);
  const k = randomRows(documents, dim, random);
  // One question in ten has no answer.
  const positives = Int32Array.from({ length: questions }, (_, i) => (i % 10 === 9 ? -1 : Math.floor(random() * documents)));
  const params = { logScale: Math.log(10), bias: -8 };
  const kernel = await compile(retrieval, { dim, ...(signal === undefined ? {} : { signal }) });
  try {
    const losses: number[] = [];
    for (let step = 0; step < steps; step += 1) {
      const { loss, gradients } = await kernel.run({ q, k, positives, params }, signal === undefined ? {} : { signal });
      if (gradients === undefined) throw new Error('gradients are returned unless a run says otherwise');
      losses.push(loss);
      // Gradients of a mean over N rows are small: the rate grows with N.
      descend(q, gradients.q, dim, 0.2 * questions);
      descend(k, gradients.k, dim, 0.2 * questions);
      params.logScale -= 0.05 * (gradients.params['logScale'] ?? 0);
      params.bias -= 0.05 * (gradients.params['bias'] ?? 0);
    }
    return losses;
  } finally {
    kernel.close();
  }
}

export interface TrainOptions {
  readonly questions?: number;
  readonly documents?: number;
  readonly dim?: number;
  readonly steps?: number;
  readonly signal?: AbortSignal;
}

/** One step against the gradient, and back onto the sphere. */
function descend(rows: Float32Array, gradient: Float32Array, dim: number, rate: number): void {
  for (let start = 0; start < rows.length; start += dim) {
    const row = rows.subarray(start, start + dim);
    row.forEach((value, d) => (row[d] = value - rate * (gradient[start + d] ?? 0)));
    normalise(row);
  }
}

function randomRows(count: number, dim: number, random: () => number): Float32Array {
  const rows = Float32Array.from({ length: count * dim }, () => random() - 0.5);
  for (let start = 0; start < rows.length; start += dim) normalise(rows.subarray(start, start + dim));
  return rows;
}

function normalise(row: Float32Array): void {
  const norm = Math.hypot(...row);
  row.forEach((value, d) => (row[d] = value / norm));
}

/** Park and Miller's generator. */
function generator(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
}

if (process.argv[1] === import.meta.filename) (await train()).forEach((loss, step) => console.log(`${step}  ${loss.toFixed(4)}`));
