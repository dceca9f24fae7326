import { emitEpilogue, type EmittedEpilogue } from '../../../codegen/emit/epilogue.js';
import { needsOf } from '../../../codegen/plan/needs.js';
import type { AttributeTypes, PairTerm, PairwiseLoss, SoftmaxTerm } from '../../../dsl/loss.js';
import { facts } from '../report.js';
import { gradientsOf, partsOf, type Line } from './mathematics.js';
import type { Inspected } from './request.js';

/** The mathematics of a loss, its derivatives, and the functions that its kernels call on each logit. */
export function printExpressions({ loss, target, program: { derivatives } }: Inspected): string {
  const epilogue = emitEpilogue(loss, needsOf(loss), target.dialects);
  const emitted = texts(epilogue).filter((text) => text !== '');
  return [facts(declared(loss)), facts(partsOf(loss, derivatives)), facts(gradientsOf(loss, derivatives)), `emitted for ${target.name}\n\n${emitted.join('\n\n')}\n`].join('\n');
}

function declared({ name, params, attributes, between, guide, positives, rows, cols, pairs }: PairwiseLoss): readonly Line[] {
  return [
    ['loss', name],
    ['parameters', params.length === 0 ? 'none' : params.join(', ')],
    ...attributeLines('row', attributes.rows),
    ...attributeLines('column', attributes.cols),
    ['between', `${between.rows.join(' and ')} (rows), ${between.cols.join(' and ')} (columns)${guide ? ', with a guide' : ''}`],
    ['positives', positives.kind],
    ...(rows === undefined ? [] : [['rows', softmax(rows)] as const]),
    ...(cols === undefined ? [] : [['columns', softmax(cols)] as const]),
    ...(pairs === undefined ? [] : [['pairs', pairTerm(pairs)] as const]),
  ];
}

function attributeLines(side: string, declaredTypes: AttributeTypes): readonly Line[] {
  const list = Object.entries(declaredTypes).map(([name, type]) => `${name} (${type})`);
  return list.length === 0 ? [] : [[`${side} attributes`, list.join(', ')]];
}

function softmax({ weight, reduction, unmatched, normaliser }: SoftmaxTerm): string {
  return `softmax, weight ${weight}, ${reduction}, unmatched: ${unmatched}${normaliser === 'own' ? '' : ', one normaliser with the counterpart'}`;
}

function pairTerm({ weight, reduction }: PairTerm): string {
  return `weight ${weight}, ${reduction}`;
}

/** In the order of a kernel: what it is given, a pair, what is kept of it, what a row makes of that. */
function texts({ uniforms, logit, isPositive, rowCounts, colCounts, value, backward, rowChannels, colChannels, rowTerm, colTerm, tileTest }: EmittedEpilogue): readonly string[] {
  return [uniforms, logit, isPositive, rowCounts, colCounts, value, backward, rowChannels, colChannels, rowTerm, colTerm, tileTest];
}
