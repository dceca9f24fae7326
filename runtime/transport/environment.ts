import type { Place } from './place.js';
import type { Rendezvous } from './rendezvous.js';
import { firstHost, portOfJob, tasksOnNode } from './slurm.js';
import { Variables, type Environment } from './variables.js';

/** What started this process as one rank of several, by the variables that it set. */
export type Launch =
  | { readonly launcher: 'torchrun' | 'slurm'; readonly place: Place; readonly rendezvous: Rendezvous }
  /** MPI itself knows the rest. */
  | { readonly launcher: 'mpirun'; readonly ranks: number }
  | { readonly launcher: 'none' };

/**
 * Who started this process. The innermost launcher counts, which is the first of:
 *
 * | launcher | known by                                                     |
 * | -------- | ------------------------------------------------------------ |
 * | torchrun | RANK and WORLD_SIZE, also when they are set by hand          |
 * | mpirun   | OMPI_COMM_WORLD_RANK (Open MPI)                              |
 * | srun     | SLURM_PROCID and SLURM_STEP_ID, with any `--mpi`             |
 * | mpirun   | PMI_RANK (MPICH and those that descend from it)              |
 *
 * Under `srun --mpi=...` both Slurm and MPI could serve: it is Slurm, unless the caller asks for MPI.
 *
 * @throws {InfinitileError} INF7103 with every variable that is missing, no number, or contradicts another.
 */
export function detectLaunch(environment: Environment = process.env): Launch {
  const variables = new Variables(environment);
  if (variables.has('RANK') || variables.has('WORLD_SIZE')) return torchrun(variables);
  if (variables.has('OMPI_COMM_WORLD_RANK')) return mpirun(variables, 'OMPI_COMM_WORLD_RANK', 'OMPI_COMM_WORLD_SIZE');
  // A batch script has SLURM_PROCID too, and is one process.
  if (variables.has('SLURM_PROCID') && variables.has('SLURM_STEP_ID')) return slurm(variables);
  if (variables.has('PMI_RANK')) return mpirun(variables, 'PMI_RANK', 'PMI_SIZE');
  return { launcher: 'none' };
}

function mpirun(variables: Variables, rankName: string, sizeName: string): Launch {
  const [rank, ranks] = [variables.count(rankName), variables.count(sizeName)];
  variables.below(rankName, rank, sizeName, ranks);
  variables.report();
  return { launcher: 'mpirun', ranks };
}

function torchrun(variables: Variables): Launch {
  const place = variables.place('RANK', 'WORLD_SIZE', 'LOCAL_RANK', 'LOCAL_WORLD_SIZE');
  const rendezvous = variables.meeting(() => {
    const port = variables.port('MASTER_PORT');
    // torchrun keeps a store of its own at MASTER_PORT.
    return { host: variables.text('MASTER_ADDR'), port: variables.get('TORCHELASTIC_USE_AGENT_STORE') === 'True' ? nextPort(port) : port, job: variables.get('TORCHELASTIC_RUN_ID') ?? '' };
  });
  variables.report();
  return { launcher: 'torchrun', place, rendezvous };
}

function slurm(variables: Variables): Launch {
  const [rank, ranks, localRank] = [variables.count('SLURM_PROCID'), variables.count('SLURM_NTASKS'), variables.count('SLURM_LOCALID')];
  variables.below('SLURM_PROCID', rank, 'SLURM_NTASKS', ranks);
  const tasks = variables.first(['SLURM_STEP_TASKS_PER_NODE', 'SLURM_TASKS_PER_NODE']);
  const localRanks = tasksOnNode(tasks.value, variables.count('SLURM_NODEID', 0));
  if (localRanks === undefined) variables.mistake(tasks.name, `is '${tasks.value}', which has no count for this node`);
  else variables.below('SLURM_LOCALID', localRank, tasks.name, localRanks);
  const rendezvous = variables.meeting(() => {
    const [job, step] = [variables.count('SLURM_JOB_ID'), variables.count('SLURM_STEP_ID')];
    const host = variables.get('MASTER_ADDR') ?? firstHost(variables.first(['SLURM_STEP_NODELIST', 'SLURM_NODELIST', 'SLURM_JOB_NODELIST']).value);
    return { host, port: variables.has('MASTER_PORT') ? variables.port('MASTER_PORT') : portOfJob(job, step), job: `${job}.${step}` };
  });
  variables.report();
  return { launcher: 'slurm', place: { rank, ranks, localRank, localRanks: localRanks ?? 1 }, rendezvous };
}

function nextPort(port: number): number {
  return port < 65_535 ? port + 1 : port - 1;
}
