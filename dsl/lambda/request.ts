import type { ReadableAttributes } from '../attributes.js';
import type { InputName, ValueType } from '../expression/nodes.js';
import type { HelperFunction } from './helper-function.js';

/** What a lambda defines, and what it may read. */
export interface LambdaRequest {
  /** For people: `logit of loss 'clip'`. */
  readonly description: string;
  readonly inputs: readonly InputName[];
  readonly params: readonly string[];
  readonly constants: Readonly<Record<string, number | boolean>>;
  readonly functions: Readonly<Record<string, HelperFunction>>;
  /** Attributes by name; a side that is absent cannot be read at all. */
  readonly row?: ReadableAttributes;
  readonly col?: ReadableAttributes;
  /** What it has to give; anything, when absent. */
  readonly result?: ValueType;
}
