import type { InputName, ValueType } from '../expression/nodes.js';

/** What a lambda defines, and what it may read. */
export interface LambdaRequest {
  /** For people: `logit of loss 'clip'`. */
  readonly description: string;
  readonly inputs: readonly InputName[];
  readonly params: readonly string[];
  readonly constants: Readonly<Record<string, number | boolean>>;
  readonly result: Exclude<ValueType, 'index'>;
}
