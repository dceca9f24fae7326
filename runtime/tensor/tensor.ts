/** Tensors as users pass them: values in memory, files, index maps; and what writes them. */
export { openTensor, readRows, rowsOf, tensorLocation, type PieceSink, type ReadOptions, type TensorFile } from './file.js';
export {
  checkPrecision,
  checkSameDim,
  convertMatrix,
  matrixSource,
  readMatrixRows,
  type LoadOptions,
  type MatrixExpectation,
  type MatrixSource,
  type MatrixValue,
  type ShapedArray,
} from './matrix.js';
export { indexMap, type IndexMapExpectation, type IndexMapValue } from './index-map.js';
export { bf16ToF32, f16ToF32, f32ToBf16, f32ToF16 } from './half.js';
export { makeNpy, writeNpy, writeNpyRows, type NpyContent, type NpyForm, type NpyRows } from './write.js';
export type { ElementType } from './element.js';
