import { requireSame } from '../../../runtime/transport/agree.js';
import { connect } from '../../../runtime/transport/connect.js';
import { detectLaunch } from '../../../runtime/transport/environment.js';
import { takeGpu } from '../../../runtime/transport/gpu-of-rank.js';
import { connectLocal } from '../../../runtime/transport/local.js';
import { toldBy, type Example } from './example.js';

/** What goes wrong between ranks: how they are started is shown, and the part that tells it is run with ranks of this process. */
const rings: Readonly<Record<string, Ring>> = {
  INF7101: { command: 'mpirun -n 4 node train.js', meet: rankThatFails },
  INF7102: { command: 'mpirun -n 4 node train.js', meet: () => Promise.all(connectLocal(4).map((member) => requireSame(member, { tiling: member.rank === 3 ? 'hopper' : 'automatic' }))) },
  INF7103: { command: 'RANK=1 WORLD_SIZE=4 LOCAL_RANK=1 LOCAL_WORLD_SIZE=4 MASTER_ADDR=node1 node train.js', meet: () => detectLaunch({ RANK: '1', WORLD_SIZE: '4', LOCAL_RANK: '1', LOCAL_WORLD_SIZE: '4', MASTER_ADDR: 'node1' }) },
  INF7104: { command: 'torchrun --nproc-per-node 4 --no-python node train.js', meet: () => connect({ environment: torchrun }) },
  INF7105: { command: 'torchrun --nproc-per-node 3 --no-python node train.js', meet: () => Promise.all(connectLocal(3).map((member) => takeGpu(member, { shareGpu: false, environment: {}, host: 'node1' }, twoGpus))) },
};

interface Ring {
  readonly command: string;
  readonly meet: () => unknown;
}

export function ringExamples(): ReadonlyMap<string, Example> {
  return new Map(Object.entries(rings).map(([code, { command, meet }]) => [code, { shown: { language: 'console', text: `$ ${command}` }, tell: () => toldBy(meet) }]));
}

function rankThatFails(): unknown {
  const [first, , third] = connectLocal(4);
  const gathered = first?.gather(new Uint8Array(), 'the number of rows');
  third?.abort(new Error('k-2.npy: no such file'));
  return gathered;
}

const torchrun = { RANK: '0', WORLD_SIZE: '4', LOCAL_RANK: '0', LOCAL_WORLD_SIZE: '4', MASTER_ADDR: 'node1', MASTER_PORT: '29500' };

const gpu = { name: 'NVIDIA H100', computeMajor: 9, computeMinor: 0, multiprocessors: 132, totalBytes: 80 * 2 ** 30, sharedBytesPerBlock: 232_448 };

const twoGpus = { openCuda: () => ({ path: 'libcuda.so.1', driverVersion: 13_000, devices: [{ ...gpu, ordinal: 0 }, { ...gpu, ordinal: 1 }] }) };
