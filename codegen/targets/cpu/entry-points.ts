import type { KernelRole } from '../target.js';
import type { EntryPoint } from './parameters.js';

export type PackName = 'packQueryPanels' | 'packKeyPanels' | 'packQueryRows' | 'packKeyRows';

const chunk = ['rows', 'cols', 'row0', 'col0'];

/** Every kernel of the CPU targets: which file holds it, and what it is given. */
export const entryPoints: Readonly<Record<KernelRole | PackName, EntryPoint>> = {
  norms: entry('norms', 'vectors.cpp', ['x', 'count'], ['normPartial', 'badRowPartial']),
  positives: entry('positives', 'positives.cpp', ['allQueries', 'allKeys', 'n', 'positive', 'positiveWeight', 'uniforms'], ['positiveLogit', 'positiveLoss']),
  stats: entry(
    'stats',
    'stats.cpp',
    ['queryPanels', 'keyPanels', ...chunk, 'positive', 'offset', 'uniforms', 'rowPitch', 'colPitch'],
    ['rowPartialMax', 'rowPartialSum', 'colPartialMax', 'colPartialSum', 'scalarPartial'],
  ),
  merge: entry('merge', 'vectors.cpp', ['partialMax', 'partialSum', 'tiles', 'pitch', 'count', 'offset'], ['max', 'sum']),
  scale: entry('scale', 'vectors.cpp', ['max', 'sum', 'count', 'weight', 'weights', 'sumFloor'], ['scale', 'lossPartial', 'outOfRange']),
  gradient: entry(
    'gradient',
    'gradient.cpp',
    [
      ...['queryPanels', 'keyPanels', ...chunk, 'positive', 'positiveWeight', 'offset', 'uniforms'],
      ...['rowMax', 'rowScale', 'colMax', 'colScale', 'gradientPitch', 'gradientScale'],
    ],
    ['gradientTile', 'scalarPartial'],
  ),
  reduceScalars: entry('reduceScalars', 'vectors.cpp', ['scalarPartial', 'tiles'], ['scalars']),
  accumulateQueries: entry('accumulateQueries', 'accumulate.cpp', ['gradientTile', 'gradientPitch', 'gradientUnscale', 'keyRows', 'rows', 'cols'], ['dQueries']),
  accumulateKeys: entry('accumulateKeys', 'accumulate.cpp', ['gradientTile', 'gradientPitch', 'gradientUnscale', 'queryRows', 'rows', 'cols'], ['dKeys']),
  packQueryPanels: entry('packQueryPanels', 'pack.cpp', ['queries', 'rows'], ['queryPanels']),
  packKeyPanels: entry('packKeyPanels', 'pack.cpp', ['keys', 'cols'], ['keyPanels']),
  packQueryRows: entry('packQueryRows', 'pack.cpp', ['queries', 'rows'], ['queryRows']),
  packKeyRows: entry('packKeyRows', 'pack.cpp', ['keys', 'cols'], ['keyRows']),
};

function entry(name: string, file: string, reads: readonly string[], writes: readonly string[]): EntryPoint {
  return { name, file, parameters: [...reads, ...writes, 'threads'], writes };
}
