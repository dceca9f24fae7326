/** How Slurm writes lists. */

/** The first host of a list such as `node[003-007,012],login1` or `rack[1-2]n[3-4]`. */
export function firstHost(list: string): string {
  const [first = ''] = list.split(/,(?![^[]*\])/);
  return first.replace(/\[([^\],-]*)[^\]]*\]/g, '$1');
}

/** The tasks of one node in a list such as `4(x2),3`; undefined where it is none, or has no such node. */
export function tasksOnNode(list: string, node: number): number | undefined {
  let before = 0;
  for (const entry of list.split(',')) {
    const [, tasks, times = '1'] = /^(\d+)(?:\(x(\d+)\))?$/.exec(entry) ?? [];
    if (tasks === undefined) return undefined;
    before += Number(times);
    if (node < before) return Number(tasks);
  }
  return undefined;
}

/** A port that another step seldom has, below those that systems give to whoever asks for any. */
export function portOfJob(job: number, step: number): number {
  return 15_000 + ((job + 1009 * step) % 16_000);
}
