/**
 * The command line as a launcher starts it. The first argument says what one rank does otherwise: its flags, or the signal that it sends
 * itself in the middle of a pass.
 */
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { packagePath } from '../../../codegen/emit/package-path.js';
import type { Otherwise } from '../mpirun.js';

const [said = '', ...args] = process.argv.slice(2);
const otherwise = JSON.parse(said) as Otherwise;
console.log(`pid ${process.pid}`);
const isOther = Number(process.env['OMPI_COMM_WORLD_RANK']) === otherwise.rank;
const { flags = [], signal } = isOther ? otherwise : { flags: otherwise.others };
process.argv = [process.execPath, packagePath('runtime', 'cli', 'main.ts'), ...args, ...flags];
if (signal !== undefined) void failWith(signal);
await import('../../../runtime/cli/main.js');

/** Once the output directory is there and two seconds have been computed since, whatever else the machine does. */
async function failWith(name: NodeJS.Signals): Promise<void> {
  const out = args[args.indexOf('--out') + 1] ?? '';
  while (!(await readdir(path.dirname(out))).some((file) => file.startsWith(`.${path.basename(out)}.`))) await delay(20);
  const before = process.cpuUsage();
  while (process.cpuUsage(before).user < 2e6) await delay(20);
  process.kill(process.pid, name);
}
