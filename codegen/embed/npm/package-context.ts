import type { Precision } from '../../../dsl/problem.js';
import { compilerVersion } from '../../emit/header.js';
import { attributeParameter } from '../../emit/places.js';
import type { LibraryRequest, TargetPrograms } from '../c/index.js';
import type { PackageInterface, TensorName, TypedArrayName, VectorArgument } from './interface.js';
import { packageName } from './names.js';

/** What the templates of both forms are given. */
export function packageContext({ loss, dim, guideDim = dim, precision }: LibraryRequest, compiled: readonly TargetPrograms[], given: PackageInterface) {
  const { tensors, guides, rows, cols, indexMap, params } = given;
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
    // README.md's: one in either type of 16 bits, or in f32.
    exampleNumber: { f32: 'Math.random() - 0.5', bf16: '0x3d80', f16: '0x2c00' }[precision],
    exampleTensor: tensors[0]?.name ?? 'q',
    exampleFields: exampleFields(given),
    names: [...tensors.map(({ name }) => name), ...namesOf({ guide: guides, rows, cols }), ...(indexMap ? ['positives'] : []), ...namesOf({ params })],
  };
}

/** Of all arrays, as messages call them. */
function arrayTypes({ embeddings, rows, cols, indexMap }: PackageInterface, precision: Precision): readonly { readonly type: TypedArrayName; readonly words: string }[] {
  const words = { Float32Array: 'a Float32Array', Int32Array: 'an Int32Array', Uint16Array: `a Uint16Array with the bits of ${precision}` };
  const types = [embeddings, ...[...rows, ...cols].map(({ type }) => type), ...(indexMap ? (['Int32Array'] as const) : [])];
  return [...new Set(types)].map((type) => ({ type, words: words[type] }));
}

/** Rows of these tensors together, in `inputs.js`. */
function countOf(tensors: readonly TensorName[]): string {
  return tensors.map((name) => `count.${name}`).join(' + ');
}

/** Values for what a run is given beside embeddings, a thousand of each tensor. */
function exampleFields({ guides, rows, cols, indexMap, params, rowsOf, colsOf, embeddings }: PackageInterface): readonly string[] {
  const vectors = (side: string, own: readonly VectorArgument[], of: readonly TensorName[]): readonly string[] =>
    own.length === 0 ? [] : [`${side}: { ${own.map(({ name, type }) => `${name}: new ${type}(${1000 * of.length})`).join(', ')} }`];
  return [
    ...(guides.length === 0 ? [] : [`guide: { ${guides.map(({ name, depth }) => `${name}: new ${embeddings}(1000 * ${depth})`).join(', ')} }`]),
    ...vectors('rows', rows, rowsOf),
    ...vectors('cols', cols, colsOf),
    ...(indexMap ? [`positives: new Int32Array(${1000 * rowsOf.length})`] : []),
    ...(params.length === 0 ? [] : [`params: { ${params.map((name) => `${name}: 1`).join(', ')} }`]),
  ];
}

function namesOf(groups: Readonly<Record<string, readonly (VectorArgument | string | object)[]>>): readonly string[] {
  return Object.entries(groups).flatMap(([name, members]) => (members.length === 0 ? [] : [name]));
}
