import type { PairwiseLoss } from '../../../dsl/loss.js';
import { logitFields } from '../../emit/places.js';
import type { Needs } from '../../plan/needs.js';
import type { Problem } from '../target.js';
import type { KernelName } from './kernel-name.js';
import { arrays, float, int, read, signature, uniforms, when, write, type Signature } from './parameters.js';

type VectorKernel = Exclude<KernelName, 'stats' | 'gradient' | 'guide' | 'accumulateQueries' | 'accumulateKeys' | 'rowTerms' | 'colTerms'>;

/** Where the loss and the gradients of its parameters are written, in the order of buffer `scalars`. */
export function resultPlaces({ params }: PairwiseLoss): readonly string[] {
  return ['loss', ...params.map((_, place) => `byParam${place}`)];
}

/** What kernels over vectors are given: one number or embedding a row and column, no tiles. */
export function vectorSignatures({ loss, softmax }: Problem, needs: Needs): Readonly<Record<VectorKernel, Signature>> {
  const running = needs.softmax && softmax === 'running';
  const mapped = needs.relation === 'mapped';
  const pack = (count: string, from: string, to: string): Signature => signature(int(count), read('Input', from), write('Element', to));
  return {
    norms: signature(int('count'), read('Input', 'x'), write('float', 'normPartial'), write('int', 'badRowPartial')),
    packQueries: pack('rows', 'queries', 'packedQueries'),
    packKeys: pack('cols', 'keys', 'packedKeys'),
    packGuideQueries: pack('rows', 'guideQueries', 'packedGuideQueries'),
    packGuideKeys: pack('cols', 'guideKeys', 'packedGuideKeys'),
    positives: signature(
      ['rows', 'cols', 'row0', 'col0'].map(int),
      read('Input', 'queries'),
      read('Input', 'keys'),
      when(mapped, read('int', 'positive')),
      arrays([...logitFields(loss, needs, 'row'), ...logitFields(loss, needs, 'col')]),
      when(needs.stacked, int('rowStart'), int('colStart'), int('split')),
      uniforms,
      write('float', 'positiveLogit'),
    ),
    guidePositives: signature(
      ['rows', 'cols'].map(int),
      when(!mapped, int('row0')),
      int('col0'),
      read('Input', 'guideQueries'),
      read('Input', 'guideKeys'),
      when(mapped, read('int', 'positive')),
      write('float', 'positiveGuide'),
    ),
    add: signature(int('rows'), read('float', 'from'), write('float', 'to')),
    gather: signature(int('count'), int('n'), read('int', 'rowOfCol'), read('float', 'from'), write('float', 'to')),
    merge: signature(
      int('count'),
      int('tiles'),
      int('pitch'),
      when(running, read('float', 'partialMax')),
      read('float', 'partialSum'),
      when(!running, float('offset')),
      write('float', 'max'),
      write('float', 'sum'),
    ),
    mergeChannels: signature(int('count'), int('tiles'), int('pitch'), int('channels'), int('length'), read('float', 'partial'), write('float', 'extra')),
    tally: signature(int('count'), read('float', 'positiveCount'), read('float', 'counted'), read('float', 'matched'), write('double', 'tally')),
    reduceScalars: signature(int('tiles'), read('float', 'scalarPartial'), write('double', 'scalars')),
    multiply: signature(int('count'), int('grouped'), int('narrow'), read('float', 'factor'), read('float', 'from'), write('float', 'to')),
    results: signature(
      ['rowLoss', 'colLoss', 'rowParams', 'colParams', 'scalars'].map((name) => read('double', name)),
      resultPlaces(loss).map((name) => write('float', name)),
    ),
  };
}
