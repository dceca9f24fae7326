import type { OperatorName } from '../../dsl/expression/operators.js';
import type { ValueType } from '../../dsl/expression/nodes.js';

/** How a target's language writes expressions. */
export interface Dialect {
  /** Type of a value, by kind: `float`, `double`, or a vector of lanes. */
  readonly types: Readonly<Record<ValueType, string>>;
  /** What stands before a function: `__device__ __forceinline__`, `static inline`. */
  readonly functionPrefix: string;
  /** A number that is the same for every pair (a literal or a field of Uniforms), as a value of a pair. */
  number(scalar: string): string;
  /** A number in the text of a program, before {@link number}. */
  literal(value: number): string;
  boolean(value: boolean): string;
  /** A whole number as an index. */
  index(value: number): string;
  /** An index as a number. */
  indexToNumber(value: string): string;
  /** One text per operator; `{0}`, `{1}`, `{2}` stand for the operands, already parenthesised where needed. */
  readonly operators: Readonly<Record<OperatorName, string>>;
  /** Operators that integers write in another way. */
  readonly integerOperators: Readonly<Partial<Record<OperatorName, string>>>;
}
