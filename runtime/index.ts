/** Infinitile: a loss and its tiling, written in TypeScript, become kernels. */
export * from '../dsl/index.js';
export { compileProgram, type Program } from '../codegen/compile.js';
export { targetNamed, targets } from '../codegen/targets/index.js';
export type { Plan, SoftmaxMode } from '../codegen/plan/plan.js';
export { formatBytes, printBound, printPlan } from '../codegen/plan/print.js';
export { compile, type CompileOptions } from './compile.js';
export { Kernel, type BySide, type RunOptions, type RunResult } from './kernel.js';
export { MatryoshkaKernel, type MatryoshkaResult, type PrefixResult } from './matryoshka.js';
export type { RetrievalMetrics } from './retrieval-metrics.js';
export type { RunInputs } from './inputs.js';
export { Session, type StepOptions, type StepResult } from './session.js';
export { Reference, type ReferenceInputs, type ReferenceResult } from './reference.js';
export type { Communicator } from './transport/communicator.js';
export { connect, type ConnectOptions } from './transport/connect.js';
export { connectLocal, type LocalOptions } from './transport/local.js';
export { bf16ToF32, f16ToF32, f32ToBf16, f32ToF16, openTensor, writeNpy, type IndexMapValue, type MatrixValue, type ShapedArray, type TensorFile } from './tensor/tensor.js';
