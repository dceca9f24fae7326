import { spawn } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import test from 'ava';
import { packagePath } from '../../codegen/emit/package-path.js';
import { unitRows } from '../../runtime/bench/rows.js';
import { cli, temporaryFolder, writeMatrix } from './support.js';

const dim = 16;

for (const [signal, ranks] of [['SIGINT', 1], ['SIGTERM', 1], ['SIGTERM', 2]] as const) {
  test.serial(`${signal} in the middle of a run of ${ranks} ${ranks === 1 ? 'rank' : 'ranks'}: no output directory, exit code 130`, async (t) => {
    const folder = await temporaryFolder(t);
    const small = await writeMatrix(folder, 'small.npy', unitRows(8, dim, 1), dim);
    // Long enough that it cannot end by itself before it is stopped: 10^10 pairs on one thread.
    const large = await writeMatrix(folder, 'large.npy', unitRows(100_000, dim, 1), dim);
    const args = (file: string) => ['run', 'clip', '--queries', file, '--keys', file, '--params', 'logScale=2', '--threads', '1', '--ranks', String(ranks)];
    t.is((await cli(...args(small))).code, 0, 'the kernels are compiled, so that the run is what is stopped');

    const child = spawn(process.execPath, ['--import=tsx', packagePath('runtime', 'cli', 'main.ts'), ...args(large), '--out', path.join(folder, 'out')], { stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (said += text));
    const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
    while (child.exitCode === null && !(await readdir(folder)).some((name) => name.startsWith('.out.'))) await delay(50);
    await delay(1500);
    child.kill(signal);
    t.is(await ended, 130);
    t.is(said, `stopped by ${signal}; nothing was written\n`);
    t.deepEqual((await readdir(folder)).sort(), ['large.npy', 'small.npy']);
  });
}
