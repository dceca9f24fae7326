import { InfinitileError } from '../../dsl/diagnostics/index.js';
import type { Device } from './device.js';

/** What can be wrong with a device, in one place. */

export function outOfMemory({ kind, description, allocatedBytes }: Device, bytes: number, cause: Error): InfinitileError {
  const held = `${allocatedBytes} bytes are held already`;
  return new InfinitileError(
    {
      code: 'INF7002',
      message: `${description}: ${cause.message}; ${held}`,
      hint:
        kind === 'cuda'
          ? 'other processes may hold memory of the GPU (nvidia-smi lists them); a smaller workspace or fewer rows take less'
          : `a smaller workspace or fewer rows take less than ${bytes} bytes`,
    },
    { cause },
  );
}

export function deviceFailure({ description }: Pick<Device, 'description'>, cause: unknown): InfinitileError {
  return new InfinitileError({ code: 'INF7003', message: `${description}: ${messageOf(cause)}` }, { cause });
}

/** Of a run whose messages to or from another rank have failed. */
export function rankLost(cause: Error): InfinitileError {
  return new InfinitileError(
    {
      code: 'INF7101',
      message: cause.message,
      hint: 'a rank that is gone or stands still ends the others; one that is only late needs a longer time limit (patience)',
    },
    { cause },
  );
}

export const driverHint = 'the NVIDIA driver brings libcuda.so.1 (in a container, the NVIDIA container toolkit does: docker run --gpus all); kernels run on the CPU without it (target cpu)';

export function noCuda(cause: unknown): InfinitileError {
  return new InfinitileError({ code: 'INF7001', message: `no GPU can be used: ${messageOf(cause)}`, hint: driverHint }, { cause });
}

export function noSuchCudaDevice(ordinal: number, names: readonly string[]): InfinitileError {
  const listed = names.length === 0 ? 'the driver lists none (CUDA_VISIBLE_DEVICES may hide them)' : `there are ${names.map((name, i) => `${i} (${name})`).join(', ')}`;
  return new InfinitileError({ code: 'INF7001', message: `there is no CUDA device ${ordinal}: ${listed}`, hint: names.length === 0 ? driverHint : 'choose one that is there' });
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
