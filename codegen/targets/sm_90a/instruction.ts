import type { Precision } from '../../../dsl/problem.js';
import { elementType } from '../cuda/layout.js';

/** An operand lies along the sum (K-major), or across it (MN-major). */
export type Direction = 'along' | 'across';

export interface Product {
  readonly name: string;
  /** What it is, in a line. */
  readonly says: string;
  readonly cols: number;
  readonly a: Direction;
  readonly b: Direction;
}

/**
 * The function that starts one product of a warp group, D = A B (+ D) on 64 x `cols` sums, 16 deep. Its operands are named by
 * descriptors of shared memory. (PTX ISA, "Asynchronous warpgroup level matrix multiply-accumulate".)
 */
export function asyncProduct(precision: Precision, { name, says, cols, a, b }: Product): string {
  const sums = Array.from({ length: cols / 2 }, (_, i) => i);
  const element = elementType(precision);
  const registers = lines(sums.map((i) => `%${i}`), '        "', ', ', ', "');
  const outputs = lines(sums.map((i) => `"+f"(d[${i >> 2}][${i & 3}])`), '        ', ', ', ',');
  const count = sums.length;
  const transposed = (direction: Direction): number => (direction === 'across' ? 1 : 0);
  return `/** ${says} Under way when this returns; \`add\`: to the sums that are there. */
__device__ __forceinline__ void ${name}(float (&d)[${cols / 8}][4], unsigned long long a, unsigned long long b, bool add) {
  asm volatile(
      "{\\n"
      ".reg .pred add;\\n"
      "setp.ne.b32 add, %${count + 2}, 0;\\n"
      "wgmma.mma_async.sync.aligned.m64n${cols}k16.f32.${element}.${element} {"
${registers}
        "}, %${count}, %${count + 1}, add, 1, 1, ${transposed(a)}, ${transposed(b)};\\n"
      "}"
      :
${outputs}
      : "l"(a), "l"(b), "r"(static_cast<int>(add)));
}`;
}

/** Eight a line; `end` follows every line but the last. */
function lines(items: readonly string[], begin: string, between: string, end: string): string {
  const rows: string[] = [];
  for (let i = 0; i < items.length; i += 8) rows.push(items.slice(i, i + 8).join(between));
  const quoted = begin.endsWith('"');
  return rows.map((row, i) => `${begin}${row}${i + 1 < rows.length ? end : quoted ? '"' : ''}`).join('\n');
}
