import { loadAddon, type NativeAddon } from '../addon.js';
import { deviceOf } from '../device/choose-target.js';
import type { Communicator } from './communicator.js';
import type { ControlPlane } from './control-plane.js';
import { detectLaunch, type Launch } from './environment.js';
import { noConnection, noMessageLibrary, reasonOf } from './errors.js';
import { takeGpu, type GpuOptions } from './gpu-of-rank.js';
import { connectLocal } from './local.js';
import { findNccl, NcclCommunicator, type NcclAddon } from './nccl.js';
import { OnGpu } from './on-gpu.js';
import { checkPatience, defaultPatience } from './patience.js';
import { connectTcp } from './tcp.js';
import type { Environment } from './variables.js';

export interface ConnectOptions {
  /** What the ranks run: as for `compile`, 'cpu' unless said. */
  readonly target?: string;
  /**
   * What carries the messages between devices. Unless said: between CPUs MPI; between GPUs NCCL, and under mpirun MPI, through main
   * memory, where a rank has no NCCL. The communicator's `description` tells.
   */
  readonly transport?: 'mpi' | 'nccl';
  /** Milliseconds that a rank waits for another; 30 000 unless said. */
  readonly patience?: number;
  /** Whether ranks may have one GPU between them. */
  readonly shareGpu?: boolean;
  /** Where the launcher's variables are looked for. Default: those of the process. */
  readonly environment?: Environment;
}

/** What connections are made with. */
interface Connectors {
  readonly addon: () => NcclAddon & Pick<NativeAddon, 'openCuda' | 'createLocalTransports'>;
  readonly tcp: typeof connectTcp;
  readonly mpi: (options: { readonly patience: number }) => Promise<Communicator>;
}

/** MPI's addon is loaded where MPI is used, and nowhere else. */
const real: Connectors = { addon: loadAddon, tcp: connectTcp, mpi: async (options) => (await import('./mpi.js')).connectMpi(options) };

/**
 * Joins this process to the ranks that mpirun, srun or torchrun has started with it, each on its own; without a launcher it is a group of
 * one. Every rank calls it, with the same options. Ranks on GPUs have each taken one: the communicator's `gpu`.
 *
 * @throws {InfinitileError} INF7102 when ranks disagree, INF7103 when they do not find each other, INF7104 when what carries messages is
 * not there, INF7105 when two ranks would have one GPU without leave.
 */
export async function connect(options: ConnectOptions = {}, connectors: Connectors = real): Promise<Communicator> {
  const { target = 'cpu', patience = defaultPatience, transport, shareGpu = false, environment = process.env } = options;
  checkPatience(patience);
  const device = deviceOf(target);
  if (device === 'cpu' && transport === 'nccl') throw noMessageLibrary(`NCCL sends between GPUs alone, and target ${target} runs on CPUs`, mpiHint);
  const launch = detectLaunch(environment);
  const gpus: GpuGroup = { transport, patience, shareGpu, environment, addon: connectors.addon };
  if (transport !== 'mpi' && 'place' in launch && launch.place.ranks > 1) {
    if (device === 'cpu') throw noMessageLibrary(`${launch.launcher} has started the ranks, and target ${target} runs on CPUs, which send by MPI`, mpiHint);
    return onGpus(await connectors.tcp({ place: launch.place, rendezvous: launch.rendezvous, patience }), undefined, gpus);
  }
  const group = transport === 'mpi' || launch.launcher === 'mpirun' ? requireRanks(await connectors.mpi({ patience }), launch) : alone(patience, connectors);
  return device === 'cpu' ? group : onGpus(group, group, gpus);
}

const mpiHint = "between CPUs MPI carries messages: start the ranks with mpirun, or with srun --mpi=pmix and transport 'mpi'";

/** What ranks on GPUs are connected with. */
interface GpuGroup extends GpuOptions {
  readonly transport: ConnectOptions['transport'];
  readonly patience: number;
  readonly addon: Connectors['addon'];
}

function alone(patience: number, { addon }: Connectors): Communicator {
  const [rank] = connectLocal(1, { patience }, addon);
  if (rank === undefined) throw new Error('a group of one has one rank');
  return rank;
}

/** An MPI that the launcher does not know takes each process for a group of its own. */
function requireRanks(group: Communicator, launch: Launch): Communicator {
  const started = 'place' in launch ? launch.place.ranks : launch.launcher === 'mpirun' ? launch.ranks : group.ranks;
  if (group.ranks === started) return group;
  const error = noConnection(
    `${launch.launcher} has started ${started} ranks, and MPI knows of ${group.ranks}`,
    'srun --mpi=pmix (srun --mpi=list tells what there is), or the mpirun of the MPI that Infinitile was built with, lets MPI know its ranks',
  );
  group.abort(error);
  throw error;
}

/** @param carrier what can carry messages between devices if NCCL does not. */
async function onGpus(plane: ControlPlane, carrier: Communicator | undefined, gpus: GpuGroup): Promise<Communicator> {
  const { transport, patience } = gpus;
  try {
    const { ordinal: gpu, shared } = await takeGpu(plane, gpus, gpus.addon());
    if (carrier !== undefined && carrier.transport === (transport ?? 'local')) return new OnGpu(carrier, gpu, transport === 'mpi' ? staged : '');
    const nccl = await findNccl(plane, shared, gpus.environment, gpus.addon());
    if (nccl.found) return new NcclCommunicator(plane, { version: nccl.version, gpu, patience }, gpus.addon());
    if (carrier === undefined || transport === 'nccl') throw nccl.error;
    return new OnGpu(carrier, gpu, `${staged}, as NCCL carries none (${reasonOf(nccl.error)})`);
  } catch (error) {
    plane.abort(error);
    throw error;
  }
}

const staged = 'messages between GPUs go through main memory';
