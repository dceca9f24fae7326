import { createHash } from 'node:crypto';
import { compilerVersion } from '../../codegen/emit/header.js';
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
    loss: `${loss.name} (${fingerprint(loss)})`,
    tiling: `${tiling.name} (${fingerprint(tiling)})`,
    dim: inputDim === dim ? String(dim) : `${dim} of ${inputDim}`,
    'guide dim': String(guideDim),
    precision,
    device: backend.device.kind,
  });
}

/** Of what is declared, wherever that was written. */
function fingerprint(declaration: object): string {
  const text = JSON.stringify(declaration, (key, value: unknown) => (key === 'span' || key === 'spans' ? undefined : value));
  return createHash('sha256').update(text).digest('hex').slice(0, 8);
}
