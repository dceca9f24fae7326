import { attribute, parameter } from '../expression/build.js';
import type { Expression } from '../expression/nodes.js';

/** A function that a loss gives to its lambdas. It is expanded where it is called, so that integers stay integers in it. */
export interface HelperFunction {
  readonly arity: number;
  /** Its value for arguments; undefined where it does not take such. Absent where a mistake in it has been told. */
  readonly expand?: (args: readonly Expression[]) => Expression | undefined;
  /** As it was written, to be called where a lambda is tried on numbers. */
  readonly call: unknown;
}

/** Arguments that stand for any number, and for any integer: what takes neither has a mistake of its own. */
export const anyNumbers = (count: number): readonly Expression[] => Array.from({ length: count }, (_, i) => parameter(`argument ${i}`));
export const anyIntegers = (count: number): readonly Expression[] => Array.from({ length: count }, (_, i) => attribute('row', `argument ${i}`, 'index'));
