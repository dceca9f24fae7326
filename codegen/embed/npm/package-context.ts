import type { Precision } from '../../../dsl/problem.js';
import { compilerVersion } from '../../emit/header.js';
import { attributeParameter } from '../../emit/places.js';
import type { LibraryRequest, TargetPrograms } from '../c/index.js';
import type { PackageInterface, TensorName, TypedArrayName, VectorArgument } from './interface.js';
import { packageName } from './names.js';

/** What the templates of both forms are given. */
export function packageContext({ loss, dim, guideDim = dim, precision }: LibraryRequest, compiled: readonly TargetPrograms[], given: PackageInterface) {
  const { tensors, guides, rows, cols, indexMap } = given;
  const targets = compiled.map(({ target: { name, summary, device } }) => ({ name, summary, device }));
  return {
    package: packageName(loss.name),
    version: compilerVersion,
    loss: loss.name,
    dim,
    guideDim,
    precision,
    targets,
    hasCpu: targets.some(({ device }) => device === 'cpu'),
    hasCuda: targets.some(({ device }) => device === 'cuda'),
    hasGuide: loss.guide,
    embeddings: given.embeddings,
    tensors,
    guides,
    rowAttributes: rows.map((one) => ({ ...one, local: attributeParameter('row', one.name) })),
    colAttributes: cols.map((one) => ({ ...one, local: attributeParameter('col', one.name) })),
    hasRowAttributes: rows.length > 0,
    hasColAttributes: cols.length > 0,
    hasVectors: rows.length + cols.length > 0 || indexMap,
    indexMap,
    arrayTypes: arrayTypes(given, precision),
    rowCount: countOf(given.rowsOf),
    colCount: countOf(given.colsOf),
    half: precision !== 'f32',
    bf16: precision === 'bf16',
    exampleTensor: tensors[0]?.name ?? 'q',
    exampleFields: exampleFields(given),
    fields: fieldsOf(given),
  };
}

/** Of the inputs of a run. */
function fieldsOf({ tensors, guides, rows, cols, indexMap, params }: PackageInterface): readonly string[] {
  const present = { guide: guides.length > 0, rows: rows.length > 0, cols: cols.length > 0, positives: indexMap, params: params.length > 0 };
  return [...tensors.map(({ name }) => name), ...Object.entries(present).flatMap(([name, is]) => (is ? [name] : []))];
}

/** Of all arrays, as messages call them. */
function arrayTypes({ embeddings, rows, cols, indexMap }: PackageInterface, precision: Precision): readonly { readonly type: TypedArrayName; readonly words: string }[] {
  const words = { Float32Array: 'a Float32Array', Int32Array: 'an Int32Array', Uint16Array: `a Uint16Array with the bits of ${precision}, or with convert: true a Float32Array,` };
  const types = [embeddings, ...[...rows, ...cols].map(({ type }) => type), ...(indexMap ? (['Int32Array'] as const) : [])];
  return [...new Set(types)].map((type) => ({ type, words: words[type] }));
}

/** Rows of these tensors together, in `inputs.js`. */
function countOf(tensors: readonly TensorName[]): string {
  return tensors.map((name) => `count.${name}`).join(' + ');
}

/** README.md's: what a run is given beside a thousand embeddings of each tensor. */
function exampleFields({ guides, rows, cols, indexMap, params, rowsOf, colsOf, embeddings }: PackageInterface): readonly string[] {
  const vectors = (side: string, own: readonly VectorArgument[], of: readonly TensorName[]): readonly string[] =>
    own.length === 0 ? [] : [`${side}: { ${own.map(({ name, type }) => `${name}: new ${type}(${1000 * of.length})`).join(', ')} }`];
  return [
    ...(guides.length === 0 ? [] : [`guide: { ${guides.map(({ name, depth }) => `${name}: new ${embeddings}(1000 * ${depth})`).join(', ')} }`]),
    ...vectors('rows', rows, rowsOf),
    ...vectors('cols', cols, colsOf),
    ...(indexMap ? [`positives: new Int32Array(${1000 * rowsOf.length})`] : []),
    ...(params.length === 0 ? [] : [`params: { ${params.map((name) => `${name}: 1`).join(', ')} }`]),
    ...(embeddings === 'Uint16Array' ? ['convert: true'] : []),
  ];
}
