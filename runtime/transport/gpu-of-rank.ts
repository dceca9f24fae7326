import { hostname } from 'node:os';
import { z } from 'zod';
import { InfinitileError } from '../../dsl/diagnostics/index.js';
import type { CudaDeviceInfo, NativeAddon } from '../addon.js';
import { openCuda } from '../device/cuda.js';
import { noSuchCudaDevice } from '../device/errors.js';
import { agree, gatherJson } from './agree.js';
import type { ControlPlane } from './control-plane.js';
import { gpuTaken, printRanks } from './errors.js';
import type { Environment } from './variables.js';

export interface GpuOfRank {
  /** Its place in the driver's list. */
  readonly ordinal: number;
  /** Whether some rank shares its GPU with another: on all ranks the same. */
  readonly shared: boolean;
}

export interface GpuOptions {
  /** Whether ranks may have one GPU between them. */
  readonly shareGpu: boolean;
  readonly environment: Environment;
  readonly host?: string;
}

/**
 * Chooses the GPU of each rank: of those that it sees on its node, that of its number among the node's ranks, and from the first again
 * where there are fewer. So a rank that is shown one GPU, its own, takes it.
 *
 * @throws {InfinitileError} INF7105 on all ranks when two would have one GPU without leave; INF7001 where a rank sees none.
 */
export async function takeGpu(plane: ControlPlane, { shareGpu, environment, host = hostname() }: GpuOptions, addon: Pick<NativeAddon, 'openCuda'>): Promise<GpuOfRank> {
  const { devices } = await agree(plane, 'the GPUs of each rank', () => requireDevices(addon));
  const ordinal = plane.localRank % devices.length;
  const own = { host, gpu: visibleName(ordinal, environment), name: devices[ordinal]?.name ?? '', visible: devices.length, localRanks: plane.localRanks };
  const shared = sharedGpus(await gatherJson(plane, own, 'the GPU of each rank', occupancySchema));
  if (shared.length > 0 && !shareGpu) throw new InfinitileError(shared.flatMap((gpu) => taken(gpu).diagnostics));
  return { ordinal, shared: shared.length > 0 };
}

function requireDevices(addon: Pick<NativeAddon, 'openCuda'>): { readonly devices: readonly CudaDeviceInfo[] } {
  const { devices } = openCuda(addon);
  if (devices.length === 0) throw noSuchCudaDevice(0, []);
  return { devices };
}

/** A GPU as the node knows it: $CUDA_VISIBLE_DEVICES numbers those that a process sees anew. */
function visibleName(ordinal: number, environment: Environment): string {
  const listed = environment['CUDA_VISIBLE_DEVICES'] ?? '';
  return listed.split(',')[ordinal]?.trim() || String(ordinal);
}

const occupancySchema = z.object({ host: z.string(), gpu: z.string(), name: z.string(), visible: z.number(), localRanks: z.number() });

type Occupancy = z.infer<typeof occupancySchema>;

interface SharedGpu extends Occupancy {
  readonly by: readonly number[];
}

/** The GPUs that several ranks take; occupancies are given in the order of ranks. */
function sharedGpus(occupancies: readonly Occupancy[]): readonly SharedGpu[] {
  const byGpu = new Map<string, SharedGpu>();
  for (const [rank, occupancy] of occupancies.entries()) {
    const key = `${occupancy.host} ${occupancy.gpu}`;
    byGpu.set(key, { ...occupancy, by: [...(byGpu.get(key)?.by ?? []), rank] });
  }
  return [...byGpu.values()].filter(({ by }) => by.length > 1);
}

function taken({ host, gpu, name, visible, localRanks, by }: SharedGpu): InfinitileError {
  const seen = visible === 1 ? '1 GPU is' : `${visible} GPUs are`;
  return gpuTaken(
    `${printRanks(by)} are on one GPU, ${gpu} of ${host} (${name}): ${seen} visible there for ${localRanks} ranks`,
    'start no more ranks on a node than it has GPUs, or let ranks share them: shareGpu: true in a program, --share-gpu in a command',
  );
}
