import type { Side } from '../../dsl/expression/nodes.js';
import type { Channel, SideNeeds } from '../plan/needs.js';
import type { Dialect } from './dialect.js';

/** The function that makes a pair's terms of the sums that a side keeps beside its exponentials. */
export function emitChannels(dialect: Dialect, side: Side, needs: SideNeeds | undefined): string {
  if (needs === undefined || needs.channels.length === 0) return '';
  const { number, boolean } = dialect.types;
  const value = needs.channels.includes('pairs') ? [`${number} value`] : [];
  const place = side === 'row' ? 'const Row& row' : 'const Col& col';
  const size = side === 'row' ? 'kRowChannels' : 'kColChannels';
  const parameters = [`${number} logit`, `${boolean} positive`, `${boolean} counts`, ...value, place, `${number} (&terms)[${size}]`];
  const lines = needs.channels.map((channel, i) => `  terms[${i}] = ${term(dialect, side, channel)};\n`);
  return `${dialect.functionPrefix} void ${side}_channels(${parameters.join(', ')}) {\n${lines.join('')}}`;
}

function term(dialect: Dialect, side: Side, channel: Channel): string {
  const { operators } = dialect;
  const [zero, one] = [0, 1].map((value) => dialect.number(dialect.literal(value)));
  const fill = (text: string, ...operands: readonly (string | undefined)[]) => text.replace(/\{(\d)\}/g, (_, i: string) => operands[Number(i)] ?? '');
  const select = (condition: string, value: string | undefined) => fill(operators.select, condition, value, zero);
  switch (channel) {
    case 'positives':
      return select('positive', 'logit');
    case 'positiveCount':
      return select('positive', one);
    case 'logits':
      return select('counts', 'logit');
    case 'count':
      return select('counts', one);
    case 'rank':
      return select(`(${fill(operators.and, `(${fill(operators.greater, 'logit', `${side}.positiveLogit`)})`, `(${fill(operators.and, 'counts', `(${fill(operators.not, 'positive')})`)})`)})`, one);
    case 'pairs':
      return 'value';
  }
}
