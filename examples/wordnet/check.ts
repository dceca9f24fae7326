import { Reference, type PairwiseLoss } from 'infinitile';

export interface SampleCheckInputs {
  readonly loss: PairwiseLoss;
  readonly params: Readonly<Record<string, number>>;
  readonly dim: number;
  readonly q: Float32Array;
  readonly k: Float32Array;
  readonly gradients: { readonly q: Float32Array; readonly k: Float32Array };
  readonly lse: { readonly rows: Float64Array; readonly cols: Float64Array };
  /** How many rows of Q and of K to recompute. */
  readonly count: number;
  readonly onRow?: () => void;
}

export interface SampleCheck {
  readonly checkedRows: number;
  readonly maxRelativeErrorLse: number;
  /** Norm of the difference over the norm, over all sampled rows of both gradients. */
  readonly relativeErrorGradient: number;
}

/**
 * Recomputes in fp64, for a sample of rows of Q and of K, log sum exp over all partners and the gradient. A gradient row needs
 * the LSE of every partner too: those are the kernel's, a sample of which is itself checked here.
 */
export async function checkSample({ loss, params, dim, q, k, gradients, lse, count, onRow }: SampleCheckInputs): Promise<SampleCheck> {
  const queries = { reference: new Reference({ loss, params, dim, q, k }), gradient: gradients.q, own: lse.rows, partners: lse.cols };
  const keys = { reference: new Reference({ loss: transposed(loss), params, dim, q: k, k: q }), gradient: gradients.k, own: lse.cols, partners: lse.rows };
  let [worstLse, difference, norm] = [0, 0, 0];
  for (const { reference, gradient, own, partners } of [queries, keys]) {
    for (const i of spread(count, reference.n)) {
      const rowLse = reference.rowLse(i);
      worstLse = Math.max(worstLse, Math.abs((own[i] ?? NaN) - rowLse) / Math.max(1, Math.abs(rowLse)));
      const expected = reference.queryGradient(reference.rowGradient(i, rowLse, (j) => partners[j] ?? NaN).byDot);
      expected.forEach((value, d) => {
        difference += ((gradient[i * dim + d] ?? NaN) - value) ** 2;
        norm += value ** 2;
      });
      onRow?.();
      await new Promise(setImmediate);
    }
  }
  return { checkedRows: Math.min(count, queries.reference.n), maxRelativeErrorLse: worstLse, relativeErrorGradient: Math.sqrt(difference / norm) };
}

/** The same loss seen from the keys: rows and columns change places. */
function transposed({ rows, cols, ...loss }: PairwiseLoss): PairwiseLoss {
  return { ...loss, ...(cols === undefined ? {} : { rows: cols }), ...(rows === undefined ? {} : { cols: rows }) };
}

/** `count` indices below `length`, evenly spread. */
function spread(count: number, length: number): readonly number[] {
  const used = Math.min(count, length);
  return Array.from({ length: used }, (_, i) => Math.floor((i * length) / used));
}
