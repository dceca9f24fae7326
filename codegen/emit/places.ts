import { reservedAttributes } from '../../dsl/attributes.js';
import type { Side } from '../../dsl/expression/nodes.js';
import type { PairwiseLoss } from '../../dsl/loss.js';
import type { Needs } from '../plan/needs.js';

/** What a kernel reads of a row or column from an array, one number each. */
export interface PlaceField {
  /** The member of the struct: {@link memberOf} what lambdas know. */
  readonly name: string;
  readonly type: 'int' | 'float';
  /** The kernel's parameter that holds the array. */
  readonly parameter: string;
}

/** Fields of `Row` and `Col` beside index and view: what the functions of a pair read. */
export function pairFields(loss: PairwiseLoss, needs: Needs, side: Side): readonly PlaceField[] {
  return [
    ...needs.attributes[side].pair.map((name) => declaredField(loss, side, name)),
    ...needs.ofPositive[side].map((name) => ({ name, type: 'float', parameter: ofPositiveParameter(side, name) }) as const),
  ];
}

/** Of what a positive's logit is made: the fields that the positives kernel has at hand. */
export function logitFields(loss: PairwiseLoss, needs: Needs, side: Side): readonly PlaceField[] {
  return needs.attributes[side].pair.map((name) => declaredField(loss, side, name));
}

/** Fields of `RowOfTerm` and `ColOfTerm`: what the side's softmax term reads. */
export function termFields(loss: PairwiseLoss, needs: Needs, side: Side): readonly PlaceField[] {
  return needs.attributes[side].term.map((name) => declaredField(loss, side, name));
}

/** How kernels spell what lambdas read: users' names may be words of C++, or macros of its compilers. */
export function memberOf(name: string): string {
  return reservedAttributes.includes(name) ? name : `${name}_`;
}

/** The buffer of an attribute, and the parameter of kernels that read it. */
export function attributeParameter(side: Side, name: string): string {
  return `${side}Attr_${name}`;
}

/** The buffer of a statistic of positives, by row or by column, and the parameter of kernels whose masks read it. */
export function ofPositiveParameter(side: Side, name: string): string {
  return `${side}Of_${name}`;
}

function declaredField({ attributes }: PairwiseLoss, side: Side, name: string): PlaceField {
  const type = (side === 'row' ? attributes.rows : attributes.cols)[name];
  return { name: memberOf(name), type: type === 'i32' ? 'int' : 'float', parameter: attributeParameter(side, name) };
}
