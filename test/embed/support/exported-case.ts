import { isStacked } from '../../../codegen/plan/needs.js';
import type { LibraryRequest } from '../../../codegen/embed/c/index.js';
import { cpuTarget } from '../../../runtime/device/choose-target.js';
import { automatic, targetNamed, type PairwiseLoss, type Precision, type SoftmaxMode, type Tiling } from '../../../runtime/index.js';
import { round } from '../../numeric/harness.js';
import { rows } from '../../numeric/rows.js';
import type { WholeInputs } from '../../support/ring-kernel.js';

/** A loss on one set of inputs, run by the exported library and by the kernels that are compiled here. */
export interface ExportedCase {
  readonly name: string;
  readonly loss: PairwiseLoss;
  readonly precision: Precision;
  readonly queries: number;
  /** 0 for a loss of queries alone. */
  readonly keys: number;
  readonly dim: number;
  readonly params: Readonly<Record<string, number>>;
  readonly rows?: Readonly<Record<string, Int32Array | Float32Array>>;
  readonly cols?: Readonly<Record<string, Int32Array | Float32Array>>;
  readonly positives?: Int32Array;
  readonly tiling?: Tiling;
  /** Bytes of workspace beyond the statistics: of a loss without a softmax, which has one plan. */
  readonly workspace?: number;
  readonly softmax?: SoftmaxMode;
  /** Rows of the queries and keys; drawn, unless given. */
  readonly q?: Float32Array;
  readonly k?: Float32Array;
  /** Elements between the rows that the library is given, inputs and outputs. */
  readonly strideMore?: number;
}

export const threads = 2;
export const guideDim = 24;

/** The target that this machine's CPU runs best. */
export const here = cpuTarget('cpu');

/** What is exported of a case. */
export function requestOf({ loss, dim, precision, tiling = automatic }: ExportedCase, targets: readonly string[] = [here.name]): LibraryRequest {
  const found = targets.map((name) => targetNamed(name)).filter((target) => target !== undefined);
  return { loss, dim, precision, tiling, targets: found, ...(loss.guide ? { guideDim } : {}) };
}

/** What both sides are given. */
export function given({ loss, precision, queries, keys, dim, params, rows: ofRows, cols: ofCols, positives, q, k }: ExportedCase): WholeInputs {
  const matrix = (count: number, depth: number, seed: number) => round(rows(count, depth, seed), precision).stored;
  const pair = (depth: number, seed: number) => ({ q: matrix(queries, depth, seed), ...(keys > 0 ? { k: matrix(keys, depth, seed + 1) } : {}) });
  return {
    ...pair(dim, 1),
    ...(q === undefined ? {} : { q }),
    ...(k === undefined ? {} : { k }),
    params,
    ...(loss.guide ? { guide: pair(guideDim, 3) } : {}),
    ...(ofRows === undefined ? {} : { rows: ofRows }),
    ...(ofCols === undefined ? {} : { cols: ofCols }),
    ...(positives === undefined ? {} : { positives }),
  };
}

/** By their names, as programs read them: tensors apart, and as the stack that some losses take in their place. */
export function filesOf({ q, k, guide, rows: ofRows = {}, cols: ofCols = {}, positives }: WholeInputs): ReadonlyMap<string, Buffer> {
  const tensors = [
    ['queries', [q]],
    ['keys', [k]],
    ['embeddings', [q, k]],
    ['guide_queries', [guide?.q]],
    ['guide_keys', [guide?.k]],
    ['guides', [guide?.q, guide?.k]],
    ...Object.entries(ofRows).map(([name, values]) => [`rows.${name}`, [values]] as const),
    ...Object.entries(ofCols).map(([name, values]) => [`cols.${name}`, [values]] as const),
    ['positives', [positives]],
  ] as const;
  return new Map(tensors.map(([name, parts]) => [name, Buffer.concat(parts.flatMap((part) => (part === undefined ? [] : [bytesOf(part)])))]));
}

export function bytesOf(view: ArrayBufferView): Buffer {
  return Buffer.from(view.buffer, view.byteOffset, view.byteLength);
}

export function copied(buffer: Buffer): ArrayBuffer {
  return new Uint8Array(buffer).buffer;
}

/** Tensors that a loss has gradients of, as the library names them. */
export function tensorsOf({ loss }: Pick<ExportedCase, 'loss'>): readonly string[] {
  return isStacked(loss) ? ['embeddings'] : ['queries', 'keys'];
}
