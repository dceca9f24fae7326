import { needsOf } from '../../plan/needs.js';
import { operandLayout } from '../cuda/layout.js';
import { operandNames } from '../cuda/operands.js';
import { float, int, read, signature, uniforms, when, write, type Signature } from '../cuda/parameters.js';
import { tileParameters } from '../cuda/pass-signatures.js';
import type { Problem, ResolvedTiling } from '../target.js';
import { sumsDots } from './fused.js';
import { passesOf } from './passes.js';
import { gradientBoxes, similarityTiles } from './signatures.js';

/** What the kernels of the fused walk alone are given. */
export function fusedSignatures(problem: Problem, tiling: ResolvedTiling): Readonly<Record<'weights' | 'scaleQueries' | 'finishGradients', Signature>> {
  const needs = needsOf(problem.loss, problem.reports);
  const tiles = similarityTiles(operandLayout(problem), operandNames(problem), passesOf(tiling).gradient, problem.dim);
  const dots = sumsDots(problem);
  return {
    weights: signature(
      tileParameters(problem, needs, tiles),
      int('rowPitch'),
      write('float', 'rowPartialSum'),
      when(dots, write('float', 'rowPartialDots')),
      gradientBoxes(problem, passesOf(tiling).gradient),
    ),
    scaleQueries: signature(int('rows'), read('Input', 'queries'), read('float', 'rowScale'), uniforms, write('Element', 'scaledQueries')),
    finishGradients: signature(
      int('n'),
      int('m'),
      read('Input', 'allQueries'),
      read('Input', 'allKeys'),
      read('float', 'positiveLogit'),
      float('offset'),
      uniforms,
      read('float', 'rowScale'),
      when(needs.row?.readsPositive === true, read('float', 'rowPull')),
      when(dots, read('float', 'rowSum'), read('float', 'rowDots')),
      write('float', 'dQueries'),
      write('float', 'dKeys'),
      write('float', 'scalarPartial'),
      write('int', 'outOfRange'),
    ),
  };
}
