import { render } from '../../emit/render.js';
import type { Problem, SourceText } from '../target.js';
import { inputContext } from './context.js';
import { guideDimOf, guideLayout } from './layout.js';
import { resultPlaces } from './vector-signatures.js';

/** The files of kernels over vectors. `shared`: a context whose header does not name the loss; `texts`: signatures, by name. */
export function vectorFiles(problem: Problem, context: object & { readonly hasPositiveLogits: boolean; readonly hasSoftmax: boolean; readonly hasGuide: boolean }, shared: object, texts: Readonly<Record<string, string>>): readonly SourceText[] {
  return [
    ...(context.hasPositiveLogits ? [file('positives', { ...context, signature: texts['positivesSignature'] })] : []),
    ...(context.hasSoftmax ? [file('terms', { ...context, ...texts })] : []),
    ...(context.hasGuide ? [file('guideVectors', { ...shared, ...texts, ...inputContext(guideDimOf(problem), problem, guideLayout(problem)) })] : []),
    file('vectors', { ...shared, ...texts, resultPlaces: resultPlaces(problem.loss) }),
  ];
}

function file(name: string, context: object): SourceText {
  return { path: `${name}.cu`, text: render('cuda', name, context) };
}
