import type { Attribute, Side } from './expression/nodes.js';
import type { AttributeTypes, PairwiseLoss } from './loss.js';

/** Attributes of a row or a column that lambdas may read, with the types of their values. */
export type ReadableAttributes = Readonly<Record<string, Attribute['type']>>;

/** Number within its own tensor, and which tensor: 0 the queries, 1 the keys. */
const built = { index: 'index', view: 'index' } as const;

/** The logit (and the guide) of the row's positive: known before the tiles, and a constant to the loss. */
const ofPositive = { positiveLogit: 'number', positiveGuide: 'number' } as const;

/** Names that users cannot give to attributes of their own. */
export const reservedAttributes: readonly string[] = [...Object.keys(built), ...Object.keys(ofPositive)];

export type PositiveAttribute = keyof typeof ofPositive;

export function isOfPositive(name: string): name is PositiveAttribute {
  return Object.hasOwn(ofPositive, name);
}

/** What any lambda may read of a row or column. */
export function readableAttributes(declared: AttributeTypes): ReadableAttributes {
  const own = Object.entries(declared).map(([name, type]) => [name, type === 'i32' ? 'index' : 'number'] as const);
  return { ...Object.fromEntries(own), ...built };
}

/** What a mask may read besides. */
export function maskAttributes(declared: AttributeTypes, guide: boolean): ReadableAttributes {
  const { positiveLogit, positiveGuide } = ofPositive;
  return { ...readableAttributes(declared), positiveLogit, ...(guide ? { positiveGuide } : {}) };
}

export function declaredAttributes(loss: PairwiseLoss, side: Side): AttributeTypes {
  return side === 'row' ? loss.attributes.rows : loss.attributes.cols;
}
