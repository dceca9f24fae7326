import type { Needs, SideNeeds } from './needs.js';

/** Names of the buffers that ranks of a ring have beside those of every plan. */

/** The part of the stack at hand that its columns are: it may be another rank's. */
export function colStack(stack: string): string {
  return `col${capitalised(stack)}`;
}

/** The stacks that columns are ranges of, by the names of the ranges. */
export const stacksOfColumns: ReadonlyMap<string, string> = new Map(['embeddings', 'guides'].map((stack) => [colStack(stack), stack]));

/** Where the gradients of columns are summed. */
export function ringGradient({ stacked }: Pick<Needs, 'stacked'>): string {
  return stacked ? colStack('dEmbeddings') : 'dKeys';
}

/** What is summed of columns over the rows. */
export function sumsOf(col: SideNeeds | undefined): readonly string[] {
  if (col === undefined) return [];
  return [...(col.term === undefined ? [] : ['colMax', 'colSum']), ...(col.channels.length === 0 ? [] : ['colExtra'])];
}

/** A sum of columns that a tile makes on its own, to be added to the one of that name. */
export function tileSum(name: string): string {
  return `tile${capitalised(name)}`;
}

function capitalised(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1);
}
