import { layOut, splitEvenly } from '../../codegen/ring/layout.js';
import { printMistake } from '../../codegen/ring/mistake.js';
import type { Ring } from '../../codegen/ring/schedule.js';
import type { Verification } from '../../codegen/ring/verify.js';

export function even(ranks: number, nodes = 1, rows = 100 * ranks): Ring {
  return layOut({ ranks, nodes, rows: splitEvenly(rows, ranks), cols: splitEvenly(rows, ranks) });
}

/** Numbers of nodes that so many ranks can be on. */
export function divisorsOf(ranks: number): readonly number[] {
  return Array.from({ length: ranks }, (_, i) => i + 1).filter((nodes) => ranks % nodes === 0);
}

export function told(verification: Verification): string {
  return verification.verified ? 'verified' : verification.mistakes.map(printMistake).join('\n');
}
