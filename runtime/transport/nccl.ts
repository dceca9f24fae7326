import { z } from 'zod';
import { loadAddon, type NativeAddon, type NativeDevice, type NativeTransport, type NcclInfo } from '../addon.js';
import type { Device } from '../device/device.js';
import { messageOf } from '../device/errors.js';
import { DeviceOfAddon } from '../device/native-device.js';
import { agree, gatherJson, requireSame } from './agree.js';
import type { Communicator } from './communicator.js';
import { Member, type ControlPlane } from './control-plane.js';
import { gpuTaken, noConnection, noMessageLibrary, rankElsewhere, reasonOf } from './errors.js';
import { printGroup } from './place.js';
import type { Environment } from './variables.js';

export type NcclAddon = Pick<NativeAddon, 'openNccl' | 'createNcclId' | 'createNcclTransport'>;

/** NCCL where all ranks have it; otherwise what is told: to a rank that lacks it why, to the others which. */
export type NcclFinding = { readonly found: true; readonly version: string } | { readonly found: false; readonly error: Error };

/**
 * Opens NCCL: $INFINITILE_NCCL and nothing else where it is set; otherwise what the loader finds.
 *
 * @param shared whether some ranks share a GPU.
 * @throws {InfinitileError} INF7102 when ranks have different versions of it.
 */
export async function findNccl(plane: ControlPlane, shared: boolean, environment: Environment, addon: NcclAddon = loadAddon()): Promise<NcclFinding> {
  const own = openNccl(addon, shared, environment);
  const reasons = await gatherJson(plane, own instanceof Error ? reasonOf(own) : null, 'whether it has NCCL', z.string().nullable());
  if (own instanceof Error) return { found: false, error: own };
  for (const [rank, reason] of reasons.entries()) if (reason !== null) return { found: false, error: rankElsewhere(rank, reason) };
  await requireSame(plane, { 'version of NCCL': own.version });
  return { found: true, version: own.version };
}

function openNccl(addon: NcclAddon, shared: boolean, environment: Environment): NcclInfo | Error {
  const chosen = environment['INFINITILE_NCCL'] ?? '';
  try {
    const info = addon.openNccl(chosen === '' ? null : chosen);
    return shared && environment['NCCL_MULTI_RANK_GPU_ENABLE'] !== '1' ? refusesShared(info) : info;
  } catch (error) {
    return noMessageLibrary(
      `NCCL cannot be opened: ${messageOf(error)}`,
      'pip install nvidia-nccl-cu13, or the distribution\'s libnccl2; INFINITILE_NCCL=/path/libnccl.so.2 where the loader does not find it',
      error,
    );
  }
}

function refusesShared({ version }: NcclInfo): Error {
  return gpuTaken(`ranks share a GPU, which NCCL ${version} refuses unless told`, "NCCL 2.30 or later allows it with NCCL_MULTI_RANK_GPU_ENABLE=1 for all ranks; MPI (transport 'mpi') always does");
}

export interface NcclOptions {
  readonly version: string;
  /** The GPU that the rank takes. */
  readonly gpu: number;
  /** Milliseconds that a rank waits for another. */
  readonly patience: number;
}

/** Ranks on GPUs, whose devices send to each other by NCCL. All else is its control plane's. NCCL is open. */
export class NcclCommunicator extends Member implements Communicator {
  readonly transport = 'nccl';
  readonly gpu: number;
  readonly #plane: ControlPlane;
  readonly #patience: number;
  readonly #addon: NcclAddon;
  readonly #transports: NativeTransport[] = [];

  constructor(plane: ControlPlane, { version, gpu, patience }: NcclOptions, addon: NcclAddon = loadAddon()) {
    super(plane, plane.nodes, `${printGroup(plane.ranks, plane.nodes)}, NCCL ${version}`);
    this.gpu = gpu;
    this.#plane = plane;
    this.#patience = patience;
    this.#addon = addon;
    plane.lost.addEventListener('abort', () => this.#end(plane.lost.reason));
  }

  get lost(): AbortSignal {
    return this.#plane.lost;
  }

  gather(bytes: Uint8Array, what: string): Promise<readonly Uint8Array[]> {
    return this.#plane.gather(bytes, what);
  }

  async attach(device: Device): Promise<NativeTransport> {
    const { native, made } = await agree(this.#plane, 'a GPU of each rank', () => ({
      native: nativeGpu(device),
      made: this.rank === 0 ? this.#addon.createNcclId() : new Uint8Array(),
    }));
    const [id = made] = await this.#plane.gather(made, "NCCL's id of the group");
    const { rank, ranks } = this;
    const transport = await agree(this.#plane, 'the connections of NCCL', () => this.#addon.createNcclTransport({ id, rank, ranks, device: native, patience: this.#patience }).catch(refused));
    this.#transports.push(transport);
    return transport;
  }

  abort(reason: unknown): void {
    this.#plane.abort(reason);
    this.#end(reason);
  }

  close(): Promise<void> {
    return this.#plane.close();
  }

  #end(reason: unknown): void {
    for (const transport of this.#transports) transport.abort(reasonOf(reason));
  }
}

function nativeGpu(device: Device): NativeDevice {
  if (device instanceof DeviceOfAddon && device.kind === 'cuda') return device.native;
  throw noMessageLibrary(`NCCL sends between GPUs alone, and a rank runs on ${device.description}`, "between CPUs MPI carries messages: transport 'mpi', under mpirun or srun --mpi=pmix");
}

function refused(error: unknown): never {
  throw noConnection(`NCCL does not connect the ranks: ${messageOf(error)}`, 'NCCL_DEBUG=INFO lets NCCL tell more', error);
}
