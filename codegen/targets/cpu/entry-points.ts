import { logitFields, pairFields, termFields, type PlaceField } from '../../emit/places.js';
import { needsOf } from '../../plan/needs.js';
import type { KernelRole, Problem } from '../target.js';
import type { EntryPoint } from './parameters.js';

export type PackName = 'packQueryPanels' | 'packKeyPanels' | 'packQueryRows' | 'packKeyRows' | 'packGuideQueryPanels' | 'packGuideKeyPanels';

/** Every kernel of the CPU targets: which file holds it, and what it is given. Buffers that a loss does not have are null. */
export function entryPoints({ loss, reports }: Problem): Readonly<Record<KernelRole | PackName, EntryPoint>> {
  const needs = needsOf(loss, reports);
  const stack = needs.stacked ? ['rowStart', 'colStart', 'split'] : [];
  const pairs = [...pairFields(loss, needs, 'row'), ...pairFields(loss, needs, 'col')];
  const logits = [...logitFields(loss, needs, 'row'), ...logitFields(loss, needs, 'col')];
  const chunk = ['queryPanels', 'keyPanels', 'rows', 'cols', 'row0', 'col0', ...stack, 'positive', 'positiveLogit', 'guideTile', 'offset', 'uniforms'];
  const term = [...['max', 'sum', 'extra', 'positiveLogit', 'matched', 'tally', 'count', 'n'], ...(needs.stacked ? ['start', 'split'] : []), 'firstQuery', 'firstKey', 'weight', 'sumFloor', 'uniforms'];
  const termWrites = ['scale', 'pull', 'meanPull', 'lossPartial', 'values', 'params', 'outOfRange', 'empty', 'unmatched'];
  return {
    norms: entry('norms', 'vectors', ['x', 'count'], ['normPartial', 'badRowPartial']),
    positives: entry('positives', 'positives', ['queries', 'keys', 'rows', 'cols', 'row0', 'col0', ...stack, 'positive', 'uniforms'], ['positiveLogit'], logits),
    add: entry('add', 'vectors', ['rows', 'from'], ['to']),
    gather: entry('gather', 'vectors', ['count', 'n', 'rowOfCol', 'from'], ['to']),
    guide: entry('guide', 'guide', ['guideQueryPanels', 'guideKeyPanels', 'rows', 'cols'], ['guideTile']),
    guidePositives: entry('guidePositives', 'guide', ['guideQueries', 'guideKeys', 'rows', 'cols', 'row0', 'col0', 'positive'], ['positiveGuide']),
    stats: entry(
      'stats',
      'stats',
      [...chunk, 'rowPitch', 'colPitch'],
      ['rowPartialMax', 'rowPartialSum', 'rowPartialExtra', 'colPartialMax', 'colPartialSum', 'colPartialExtra', 'scalarPartial'],
      pairs,
    ),
    merge: entry('merge', 'vectors', ['partialMax', 'partialSum', 'tiles', 'pitch', 'count', 'offset'], ['max', 'sum']),
    mergeChannels: entry('mergeChannels', 'vectors', ['partial', 'channels', 'tiles', 'pitch', 'count', 'length'], ['extra']),
    tally: entry('tally', 'vectors', ['count', 'positiveCount', 'counted', 'matched'], ['tally']),
    rowTerms: entry('rowTerms', 'terms', term, termWrites, termFields(loss, needs, 'row')),
    colTerms: entry('colTerms', 'terms', term, termWrites, termFields(loss, needs, 'col')),
    gradient: entry(
      'gradient',
      'gradient',
      [
        ...chunk,
        ...['rowMax', 'rowScale', 'rowPull', 'rowMeanPull', 'colMax', 'colScale', 'colPull', 'colMeanPull', 'gradientPitch', 'gradientScale'],
      ],
      ['gradientTile', 'scalarPartial'],
      pairs,
    ),
    reduceScalars: entry('reduceScalars', 'vectors', ['scalarPartial', 'tiles'], ['scalars']),
    accumulateQueries: entry('accumulateQueries', 'accumulate', ['gradientTile', 'gradientPitch', 'gradientUnscale', 'keyRows', 'rows', 'cols'], ['dQueries']),
    accumulateKeys: entry('accumulateKeys', 'accumulate', ['gradientTile', 'gradientPitch', 'gradientUnscale', 'queryRows', 'rows', 'cols'], ['dKeys']),
    packQueryPanels: entry('packQueryPanels', 'pack', ['queries', 'rows'], ['queryPanels']),
    packKeyPanels: entry('packKeyPanels', 'pack', ['keys', 'cols'], ['keyPanels']),
    packQueryRows: entry('packQueryRows', 'pack', ['queries', 'rows'], ['queryRows']),
    packKeyRows: entry('packKeyRows', 'pack', ['keys', 'cols'], ['keyRows']),
    packGuideQueryPanels: entry('packGuideQueryPanels', 'guide', ['guideQueries', 'rows'], ['guideQueryPanels']),
    packGuideKeyPanels: entry('packGuideKeyPanels', 'guide', ['guideKeys', 'cols'], ['guideKeyPanels']),
  };
}

function entry(name: string, file: string, reads: readonly string[], writes: readonly string[], fields: readonly PlaceField[] = []): EntryPoint {
  return { name, file: `${file}.cpp`, reads, fields, writes };
}
