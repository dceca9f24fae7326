import test, { type ExecutionContext } from 'ava';
import type { NativeDevice, NativeTransport } from '../../runtime/addon.js';
import { DeviceOfAddon } from '../../runtime/device/native-device.js';
import type { Communicator } from '../../runtime/transport/communicator.js';
import { connect, type ConnectOptions } from '../../runtime/transport/connect.js';
import { noMessageLibrary } from '../../runtime/transport/errors.js';
import { connectLocal } from '../../runtime/transport/local.js';
import type { Environment } from '../../runtime/transport/variables.js';
import { outcomes, range } from './support/groups.js';

type Connectors = NonNullable<Parameters<typeof connect>[1]>;

/** What the machine of the tests has: GPUs of a node, and NCCL, or why it is not there. */
interface Machine {
  readonly gpus?: number;
  readonly nccl?: string;
  /** The version that a rank has, where it is another. */
  readonly versions?: Readonly<Record<number, string>>;
}

const gpu = { computeMajor: 9, computeMinor: 0, multiprocessors: 132, totalBytes: 80e9, sharedBytesPerBlock: 227e3 };

/** Ranks that meet in this process, as if they had been started by torchrun or mpirun. */
function machine(ranks: number, { gpus = ranks, nccl = '2.30.4', versions = {} }: Machine = {}): { readonly of: (rank: number) => Connectors; readonly aborted: string[] } {
  const group = connectLocal(ranks, { patience: 5000 });
  const aborted: string[] = [];
  const member = (rank: number): Communicator => group[rank] ?? fail();
  const asMpi = (rank: number): Communicator => {
    const under = member(rank);
    const { nodes, localRank, localRanks, lost } = under;
    return {
      rank, ranks, nodes, localRank, localRanks, lost,
      transport: 'mpi',
      description: 'by MPI',
      gather: (bytes, what) => under.gather(bytes, what),
      attach: (device) => under.attach(device),
      show: (own) => under.show(own),
      abort: (reason) => under.abort(reason),
      close: () => under.close(),
    };
  };
  const of = (rank: number): Connectors => ({
    tcp: () => Promise.resolve(member(rank)),
    mpi: () => Promise.resolve(asMpi(rank)),
    addon: () => ({
      createLocalTransports: () => fail(),
      openCuda: () => ({ path: 'libcuda.so.1', driverVersion: 13_000, devices: range(gpus).map((ordinal) => ({ ...gpu, ordinal, name: 'NVIDIA H100' })) }),
      openNccl: () => {
        if (nccl === '') throw new Error('libnccl.so.2: no such file');
        return { path: 'libnccl.so.2', version: versions[rank] ?? nccl };
      },
      createNcclId: () => Uint8Array.of(1, 2, 3),
      createNcclTransport: ({ id, rank: own, ranks: all }) => {
        if (own === 7) return Promise.reject(new Error('unhandled cuda error'));
        const transport: NativeTransport = { rank: own, ranks: all, sentBytes: Float64Array.from(id), abort: (reason) => aborted.push(reason) };
        return Promise.resolve(transport);
      },
    }),
  });
  return { of, aborted };
}

function fail(): never {
  throw new Error('this is not expected');
}

function torchrun(rank: number, ranks: number): Environment {
  return { RANK: String(rank), WORLD_SIZE: String(ranks), LOCAL_RANK: String(rank), LOCAL_WORLD_SIZE: String(ranks), MASTER_ADDR: '127.0.0.1', MASTER_PORT: '29500' };
}

function mpirun(rank: number, ranks: number): Environment {
  return { OMPI_COMM_WORLD_RANK: String(rank), OMPI_COMM_WORLD_SIZE: String(ranks) };
}

type Launcher = typeof torchrun;

function all(ranks: number, launcher: Launcher, options: ConnectOptions, has?: Machine): readonly Promise<Communicator>[] {
  const { of } = machine(ranks, has);
  return range(ranks).map((rank) => connect({ ...options, environment: { ...launcher(rank, ranks), ...options.environment } }, of(rank)));
}

async function told(work: readonly Promise<Communicator>[]): Promise<string> {
  return [...new Set(await outcomes(work))].join('\n');
}

test('without a launcher it is a group of one', async (t) => {
  const group = await connect({ environment: {} }, machine(1).of(0));
  t.like(group, { rank: 0, ranks: 1, nodes: 1, transport: 'local', description: '1 rank' });
  t.deepEqual(await group.gather(Uint8Array.of(7), 'itself'), [Uint8Array.of(7)]);
  await group.close();
  t.like(await connect({ environment: {}, target: 'cuda' }, machine(1).of(0)), { transport: 'local', gpu: 0 });
});

test('torchrun and GPUs: NCCL, a GPU for each', async (t) => {
  for (const [rank, group] of (await Promise.all(all(2, torchrun, { target: 'cuda' }))).entries()) {
    t.like(group, { rank, ranks: 2, transport: 'nccl', gpu: rank, description: '2 ranks, NCCL 2.30.4' });
  }
});

test('mpirun: MPI between CPUs, NCCL between GPUs', async (t) => {
  for (const group of await Promise.all(all(2, mpirun, {}))) t.is(group.transport, 'mpi');
  for (const group of await Promise.all(all(2, mpirun, { target: 'cuda' }))) t.is(group.transport, 'nccl');
});

test('mpirun and GPUs: MPI where it is asked for, or there is no NCCL, and that is said', async (t) => {
  for (const group of await Promise.all(all(2, mpirun, { target: 'cuda', transport: 'mpi' }))) t.like(group, { transport: 'mpi', description: 'by MPI; messages between GPUs go through main memory' });
  for (const [rank, group] of (await Promise.all(all(2, mpirun, { target: 'cuda' }, { nccl: '' }))).entries()) {
    t.like(group, { transport: 'mpi', gpu: rank });
    t.regex(group.description, /go through main memory, as NCCL carries none \(INF7104 NCCL cannot be opened: libnccl\.so\.2: no such file\)$/);
  }
});

test('NCCL that is asked for, or the only way, is missed', async (t) => {
  const message = 'INF7104 NCCL cannot be opened: libnccl.so.2: no such file';
  t.is(await told(all(2, torchrun, { target: 'cuda' }, { nccl: '' })), message);
  t.is(await told(all(2, mpirun, { target: 'cuda', transport: 'nccl' }, { nccl: '' })), message);
});

test('versions of NCCL that differ are told', async (t) => {
  t.is(await told(all(2, torchrun, { target: 'cuda' }, { versions: { 1: '2.20.3' } })), "INF7102 version of NCCL: rank 0 has '2.30.4', rank 1 has '2.20.3'");
});

test('CPUs send by MPI alone', async (t) => {
  t.is(await told(all(2, torchrun, {})), 'INF7104 torchrun has started the ranks, and target cpu runs on CPUs, which send by MPI');
  t.is(await told(all(2, mpirun, { transport: 'nccl' })), 'INF7104 NCCL sends between GPUs alone, and target cpu runs on CPUs');
});

test('an MPI that does not know the ranks of the launcher', async (t) => {
  const { of } = machine(1);
  t.is(await told([connect({ transport: 'mpi', environment: torchrun(1, 4) }, of(0))]), 'INF7103 torchrun has started 4 ranks, and MPI knows of 1');
});

test('two ranks on one GPU need leave', async (t) => {
  const message = await told(all(3, torchrun, { target: 'cuda' }, { gpus: 2 }));
  t.regex(message, /^INF7105 ranks 0 and 2 are on one GPU, 0 of .* \(NVIDIA H100\): 2 GPUs are visible there for 3 ranks$/);
  const allowed = await Promise.all(all(3, torchrun, { target: 'cuda', shareGpu: true, environment: { NCCL_MULTI_RANK_GPU_ENABLE: '1' } }, { gpus: 2 }));
  t.deepEqual(allowed.map((group) => group.gpu), [0, 1, 0]);
});

test('NCCL has to be told of a shared GPU, MPI not', async (t) => {
  t.is(await told(all(2, torchrun, { target: 'cuda', shareGpu: true }, { gpus: 1 })), 'INF7105 ranks share a GPU, which NCCL 2.30.4 refuses unless told');
  for (const group of await Promise.all(all(2, mpirun, { target: 'cuda', shareGpu: true }, { gpus: 1 }))) t.is(group.transport, 'mpi');
});

test('a rank that is shown a GPU of its own takes it', async (t) => {
  const { of } = machine(2, { gpus: 1 });
  const connected = await Promise.all(range(2).map((rank) => connect({ target: 'cuda', environment: { ...torchrun(rank, 2), CUDA_VISIBLE_DEVICES: String(rank) } }, of(rank))));
  t.deepEqual(connected.map((group) => group.gpu), [0, 0]);
});

test('no GPU: told to all', async (t) => {
  t.regex(await told(all(2, torchrun, { target: 'cuda' }, { gpus: 0 })), /^INF7001 there is no CUDA device 0/);
});

test('NCCL joins the GPUs of all ranks, and ends with the group', async (t) => {
  const { of, aborted } = machine(2);
  const [first, second] = await Promise.all(range(2).map((rank) => connect({ target: 'cuda', environment: torchrun(rank, 2) }, of(rank))));
  if (first === undefined || second === undefined) return t.fail();
  const transports = await Promise.all([first, second].map((group) => group.attach(device('cuda'))));
  t.deepEqual(transports.map(({ rank, sentBytes }) => [rank, ...sentBytes]), [[0, 1, 2, 3], [1, 1, 2, 3]], 'the id of rank 0 has reached both');
  await attachRefuses(t, first, second);
  second.abort(new Error('no memory'));
  t.true(first.lost.aborted);
  t.deepEqual([...new Set(aborted)], ['INF7101 rank 1 has failed: no memory', 'no memory']);
});

/** A host's device under NCCL. */
async function attachRefuses(t: ExecutionContext, first: Communicator, second: Communicator): Promise<void> {
  t.deepEqual(await outcomes([first.attach(device('cuda')), second.attach(device('cpu'))]), [
    'INF7101 rank 1: INF7104 NCCL sends between GPUs alone, and a rank runs on a device',
    'INF7104 NCCL sends between GPUs alone, and a rank runs on a device',
  ]);
}

test('what NCCL says when it does not connect the ranks is told', async (t) => {
  const groups = await Promise.all(all(8, torchrun, { target: 'cuda' }));
  const ends = await outcomes(groups.map((group) => group.attach(device('cuda'))));
  t.is(ends[7], 'INF7103 NCCL does not connect the ranks: unhandled cuda error');
  t.is(ends[0], 'INF7101 rank 7: INF7103 NCCL does not connect the ranks: unhandled cuda error');
});

test('a time limit is a number of milliseconds', async (t) => {
  t.is(await told([connect({ patience: 0 }, machine(1).of(0))]), 'INF4013 patience is 0');
});

test('what is missing for MPI is told', async (t) => {
  const mpi = () => Promise.reject(noMessageLibrary('there is no MPI', 'install it'));
  t.is(await told([connect({ environment: mpirun(0, 2) }, { ...machine(1).of(0), mpi })]), 'INF7104 there is no MPI');
});

function device(kind: 'cpu' | 'cuda'): DeviceOfAddon {
  return new DeviceOfAddon(kind, 'a device', {} as NativeDevice);
}
