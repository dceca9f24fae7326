import type { KernelReport } from '../manifest.js';

/**
 * Reads what ptxas says with `-v`: for each kernel a line that names it, one of stack and spills for it and for each function
 * it calls, and one of registers and shared memory that ends it.
 */
export function parseKernelReports(log: string): readonly KernelReport[] {
  const reports: KernelReport[] = [];
  let current: { kernel: string; stack: number; spillStores: number; spillLoads: number } | undefined;
  for (const line of log.split('\n')) {
    const entry = /^ptxas info\s*: Compiling entry function '([^']+)'/.exec(line);
    if (entry?.[1] !== undefined) current = { kernel: entry[1], stack: 0, spillStores: 0, spillLoads: 0 };
    if (current === undefined) continue;
    const frame = /(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads/.exec(line);
    if (frame !== null) {
      current.stack = Math.max(current.stack, Number(frame[1]));
      current.spillStores += Number(frame[2]);
      current.spillLoads += Number(frame[3]);
    }
    const used = /^ptxas info\s*: Used (\d+) registers/.exec(line);
    if (used === null) continue;
    const shared = /(\d+)(?:\+(\d+))? bytes smem/.exec(line);
    reports.push({ ...current, registers: Number(used[1]), shared: Number(shared?.[1] ?? 0) + Number(shared?.[2] ?? 0) });
    current = undefined;
  }
  return reports;
}
