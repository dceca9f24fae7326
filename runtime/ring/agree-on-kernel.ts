import { compilerVersion } from '../../codegen/emit/header.js';
import { fingerprint } from '../fingerprint.js';
import type { KernelOptions } from '../kernel.js';
import { requireSame } from '../transport/agree.js';
import type { Communicator } from '../transport/communicator.js';

/**
 * Makes sure that all ranks have made the same kernel, before any of them works.
 *
 * @throws {InfinitileError} INF7102 on all ranks, with each difference.
 */
export async function agreeOnKernel(communicator: Communicator, { loss, dim, inputDim, guideDim, precision, tiling, backend }: KernelOptions): Promise<void> {
  await requireSame(communicator, {
    version: compilerVersion,
    loss: `${loss.name} (${short(loss)})`,
    tiling: `${tiling.name} (${short(tiling)})`,
    dim: inputDim === dim ? String(dim) : `${dim} of ${inputDim}`,
    'guide dim': String(guideDim),
    precision,
    device: backend.device.kind,
  });
}

/** Enough of it to tell two of one name apart. */
function short(declaration: object): string {
  return fingerprint(declaration).slice(0, 8);
}
