/** What a softmax adds up over the columns of each row (or the rows of each column). */
export class Sums {
  /** Sums of exponentials are `sums` times exp of `maxima`. */
  readonly maxima: Float64Array;
  readonly sums: Float64Array;
  /** Logits that count, and how many. */
  readonly logits: Float64Array;
  readonly counts: Float64Array;
  /** Logits of the positives, and how many. */
  readonly positives: Float64Array;
  readonly positiveCounts: Float64Array;
  /** How many logits of others that count exceed the positive's: a column's other positives are none of them. */
  readonly ranks: Float64Array;

  constructor(length: number) {
    this.maxima = new Float64Array(length).fill(-Infinity);
    const zeros = () => new Float64Array(length);
    [this.sums, this.logits, this.counts, this.positives, this.positiveCounts, this.ranks] = [zeros(), zeros(), zeros(), zeros(), zeros(), zeros()];
  }

  /** `above`: of a relation with one positive a row, that positive's logit. */
  add(at: number, logit: number, counts: boolean, positive: boolean, above: number): void {
    if (positive) {
      increase(this.positives, at, logit);
      increase(this.positiveCounts, at, 1);
    }
    if (!counts) return;
    increase(this.logits, at, logit);
    increase(this.counts, at, 1);
    if (logit > above && !positive) increase(this.ranks, at, 1);
    const [max, sum] = [this.maxima[at] ?? 0, this.sums[at] ?? 0];
    if (logit === -Infinity) return;
    if (logit <= max) this.sums[at] = sum + Math.exp(logit - max);
    else [this.maxima[at], this.sums[at]] = [logit, sum * Math.exp(max - logit) + 1];
  }

  /** -Infinity where nothing counts. */
  lse(at: number): number {
    return (this.maxima[at] ?? 0) + Math.log(this.sums[at] ?? 0);
  }

  /** Of a row alone, or together with its partner. */
  lseWith(at: number, partner: number): number {
    if (partner < 0) return this.lse(at);
    const [a, b] = [this.lse(at), this.lse(partner)];
    const max = Math.max(a, b);
    return max === -Infinity ? max : max + Math.log(Math.exp(a - max) + Math.exp(b - max));
  }
}

export function increase(values: Float64Array, at: number, by: number): void {
  values[at] = (values[at] ?? 0) + by;
}
