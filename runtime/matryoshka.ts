import type { MatryoshkaLoss, Prefix } from '../dsl/matryoshka.js';
import type { RunInputs } from './inputs.js';
import type { Kernel, RunOptions, RunResult } from './kernel.js';

/** The result on one prefix of the embeddings, unweighted. */
export interface PrefixResult extends Prefix {
  readonly result: Omit<RunResult, 'gradients'>;
}

export interface MatryoshkaResult {
  /** The weighted sum over all prefixes. */
  readonly loss: number;
  /** Of the whole embeddings, and of every learned scalar. Absent when not asked for. */
  readonly gradients?: NonNullable<RunResult['gradients']>;
  readonly prefixes: readonly PrefixResult[];
}

/** One kernel for each prefix. The cost is that of the depths' sum: less than twice the deepest where each doubles the last. */
export class MatryoshkaKernel {
  readonly loss: MatryoshkaLoss;
  readonly dim: number;
  readonly kernels: readonly Kernel[];

  constructor(loss: MatryoshkaLoss, dim: number, kernels: readonly Kernel[]) {
    this.loss = loss;
    this.dim = dim;
    this.kernels = kernels;
  }

  /**
   * Loss and gradients, prefix after prefix. Progress counts the pairs of all of them.
   *
   * @throws {InfinitileError} naming every mistake in the inputs.
   */
  async run(inputs: RunInputs, options: RunOptions = {}): Promise<MatryoshkaResult> {
    const { prefixes } = this.loss;
    const results: PrefixResult[] = [];
    let total: NonNullable<RunResult['gradients']> | undefined;
    for (const [i, kernel] of this.kernels.entries()) {
      const prefix = prefixes[i] ?? { dim: this.dim, weight: 1 };
      const { gradients, ...result } = await kernel.run(inputs, this.#progressOf(i, options));
      results.push({ ...prefix, result });
      if (gradients !== undefined) total = addScaled(total, gradients, prefix, this.dim);
    }
    const loss = results.reduce((sum, { weight, result }) => sum + weight * result.loss, 0);
    return { loss, prefixes: results, ...(total === undefined ? {} : { gradients: total }) };
  }

  close(): void {
    for (const kernel of this.kernels) kernel.close();
  }

  #progressOf(index: number, options: RunOptions): RunOptions {
    const { onProgress } = options;
    if (onProgress === undefined) return options;
    return { ...options, onProgress: (done, total) => onProgress(index * total + done, this.kernels.length * total) };
  }
}

type Gradients = NonNullable<RunResult['gradients']>;

/** Gradients of a prefix stand in the first columns of the whole. */
function addScaled(total: Gradients | undefined, part: Gradients, { dim, weight }: Prefix, width: number): Gradients {
  const whole = (values: Float32Array | undefined, prefix: Float32Array): Float32Array => {
    const sum = values ?? new Float32Array((prefix.length / dim) * width);
    for (let row = 0; row * dim < prefix.length; row += 1) {
      for (let d = 0; d < dim; d += 1) sum[row * width + d] = (sum[row * width + d] ?? 0) + weight * (prefix[row * dim + d] ?? 0);
    }
    return sum;
  };
  const params = Object.fromEntries(Object.entries(part.params).map(([name, value]) => [name, (total?.params[name] ?? 0) + weight * value]));
  return { q: whole(total?.q, part.q), k: whole(total?.k, part.k), params };
}
