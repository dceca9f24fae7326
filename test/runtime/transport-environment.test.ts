import test from 'ava';
import { InfinitileError } from '../../dsl/diagnostics/index.js';
import { detectLaunch } from '../../runtime/transport/environment.js';
import { nodesOf } from '../../runtime/transport/place.js';
import { firstHost, portOfJob, tasksOnNode } from '../../runtime/transport/slurm.js';

const torchrun = { RANK: '5', WORLD_SIZE: '8', LOCAL_RANK: '1', LOCAL_WORLD_SIZE: '4', MASTER_ADDR: 'node1', MASTER_PORT: '29500', TORCHELASTIC_RUN_ID: 'run' };

const slurm = {
  SLURM_PROCID: '5', SLURM_NTASKS: '7', SLURM_LOCALID: '1', SLURM_NODEID: '1', SLURM_STEP_ID: '2', SLURM_JOB_ID: '4711',
  SLURM_STEP_TASKS_PER_NODE: '4,3', SLURM_STEP_NODELIST: 'node[003-004]',
};

const openMpi = { OMPI_COMM_WORLD_RANK: '1', OMPI_COMM_WORLD_SIZE: '4' };
const mpich = { PMI_RANK: '1', PMI_SIZE: '2' };

test('no variables: one process', (t) => {
  t.deepEqual(detectLaunch({}), { launcher: 'none' });
  t.deepEqual(detectLaunch({ RANK: '', MASTER_ADDR: 'node1' }), { launcher: 'none' });
});

test('torchrun tells everything', (t) => {
  const place = { rank: 5, ranks: 8, localRank: 1, localRanks: 4 };
  const at = (port: number) => ({ launcher: 'torchrun', place, rendezvous: { kind: 'address', host: 'node1', port, job: 'run' } });
  t.deepEqual(detectLaunch(torchrun), at(29_500));
  t.deepEqual(detectLaunch({ ...torchrun, TORCHELASTIC_USE_AGENT_STORE: 'True' }), at(29_501), 'the agent has the port itself');
  t.deepEqual(detectLaunch({ ...torchrun, TORCHELASTIC_USE_AGENT_STORE: 'True', MASTER_PORT: '65535' }), at(65_534));
  t.deepEqual(detectLaunch({ ...torchrun, INFINITILE_PORT: '4000' }), at(4000));
});

test('a file stands for address and port', (t) => {
  const launch = detectLaunch({ ...torchrun, MASTER_ADDR: undefined, MASTER_PORT: undefined, INFINITILE_RENDEZVOUS: 'file:///shared/a%20file' });
  t.like(launch, { launcher: 'torchrun', rendezvous: { kind: 'file', path: '/shared/a file' } });
});

test('Slurm tells the first host of the step, and a port comes from the job', (t) => {
  t.deepEqual(detectLaunch(slurm), {
    launcher: 'slurm',
    place: { rank: 5, ranks: 7, localRank: 1, localRanks: 3 },
    rendezvous: { kind: 'address', host: 'node003', port: portOfJob(4711, 2), job: '4711.2' },
  });
  t.like(detectLaunch({ ...slurm, MASTER_ADDR: 'other', MASTER_PORT: '1234' }), { rendezvous: { host: 'other', port: 1234 } });
});

test('a batch script of Slurm is one process', (t) => {
  t.deepEqual(detectLaunch({ ...slurm, SLURM_STEP_ID: undefined }), { launcher: 'none' });
});

test('mpirun is known by the variables of Open MPI and of MPICH', (t) => {
  t.deepEqual(detectLaunch(openMpi), { launcher: 'mpirun', ranks: 4 });
  t.deepEqual(detectLaunch(mpich), { launcher: 'mpirun', ranks: 2 });
});

test('the innermost launcher counts', (t) => {
  t.is(detectLaunch({ ...slurm, ...openMpi, ...torchrun }).launcher, 'torchrun');
  t.is(detectLaunch({ ...slurm, ...openMpi }).launcher, 'mpirun');
  t.is(detectLaunch({ ...slurm, ...mpich }).launcher, 'slurm', 'srun --mpi=pmi2');
});

for (const [what, environment, messages] of [
  ['a rank beyond the size', { ...torchrun, RANK: '8' }, ['RANK is 8, and WORLD_SIZE is 8']],
  ['a word', { ...torchrun, RANK: 'two' }, ["RANK is 'two', which is no whole number"]],
  ['a negative number', { ...torchrun, LOCAL_RANK: '-1' }, ["LOCAL_RANK is '-1', which is no whole number"]],
  ['a rank alone', { RANK: '0', WORLD_SIZE: '2', LOCAL_RANK: '0' }, ['LOCAL_WORLD_SIZE is not set', 'MASTER_PORT is not set', 'MASTER_ADDR is not set']],
  ['more on a node than in all', { ...torchrun, LOCAL_WORLD_SIZE: '9' }, ['LOCAL_WORLD_SIZE is 9, and WORLD_SIZE is 8']],
  ['no port', { ...torchrun, MASTER_PORT: '70000' }, ['MASTER_PORT is 70000, which is no port']],
  ['no file', { ...torchrun, INFINITILE_RENDEZVOUS: 'tcp://node1' }, ["INFINITILE_RENDEZVOUS is 'tcp://node1', which is not of the form file:///folder/file"]],
  ['a node without tasks', { ...slurm, SLURM_NODEID: '2' }, ["SLURM_STEP_TASKS_PER_NODE is '4,3', which has no count for this node"]],
  ['a local rank beyond the tasks', { ...slurm, SLURM_LOCALID: '3' }, ['SLURM_LOCALID is 3, and SLURM_STEP_TASKS_PER_NODE is 4,3']],
  ['mpirun without a size', { OMPI_COMM_WORLD_RANK: '0' }, ['OMPI_COMM_WORLD_SIZE is not set']],
] as const) {
  test(`refused: ${what}`, (t) => {
    const error = t.throws(() => detectLaunch(environment), { instanceOf: InfinitileError });
    t.deepEqual(error.diagnostics.map(({ code, message }) => `${code} ${message}`), messages.map((message) => `INF7103 ${message}`));
  });
}

test('the first host of a list', (t) => {
  for (const [list, first] of [['node1', 'node1'], ['node[003-007,012],login1', 'node003'], ['a,b[1-2]', 'a'], ['rack[1-2]n[3-4]', 'rack1n3'], ['gpu[7,9]-ib', 'gpu7-ib']] as const) t.is(firstHost(list), first);
});

test('the tasks of a node', (t) => {
  t.deepEqual([0, 1, 2, 3].map((node) => tasksOnNode('4(x2),3', node)), [4, 4, 3, undefined]);
  t.is(tasksOnNode('four', 0), undefined);
});

test('nodes are counted where ranks are numbered node by node, equally many on each', (t) => {
  const places = (...local: readonly (readonly [number, number])[]) => local.map(([localRank, localRanks]) => ({ localRank, localRanks }));
  t.is(nodesOf(places([0, 2], [1, 2], [0, 2], [1, 2])), 2);
  t.is(nodesOf(places([0, 2], [0, 2], [1, 2], [1, 2])), 1);
  t.is(nodesOf(places([0, 2], [1, 2], [0, 1])), 1);
  t.is(nodesOf(places([0, 1])), 1);
});
