import type { Side } from '../../../dsl/expression/nodes.js';
import type { KernelContext } from '../../emit/context.js';
import type { ParameterStruct } from './parameters.js';
import { fieldViews } from './places.js';

/** What `_softmax_terms.hbs` is given for one side. */
export function softmaxTerms(side: Side, context: KernelContext, kernel: ParameterStruct | undefined): object {
  const own = context[side];
  return {
    kernel,
    side,
    one: side === 'row' ? 'row' : 'column',
    many: side === 'row' ? 'rows' : 'columns',
    struct: side === 'row' ? 'RowTerm' : 'ColTerm',
    place: side === 'row' ? 'RowOfTerm' : 'ColOfTerm',
    view: side === 'row' ? 0 : 1,
    first: side === 'row' ? 'first_query' : 'first_key',
    fields: fieldViews(own.termFields),
    text: side === 'row' ? context.rowTerm : context.colTerm,
    pull: own.pull,
    mean: own.mean,
    skip: own.skip,
    shared: own.shared,
    channel: own.channel,
    hasChannels: own.hasChannels,
    hasPositiveCount: own.channel.positiveCount >= 0,
    hasCount: own.channel.count >= 0,
    stacked: context.stacked,
    running: context.running,
    hasParams: context.hasParams,
    paramCount: context.paramCount,
  };
}
