/**
 * The last rank fails in the way that the first argument names, while the others wait for it in a gather or an exchange: the second.
 * It fails when all others have begun to wait: each then leaves a file in the folder of the last argument.
 */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { HostDevice } from '../../../runtime/device/host.js';
import { connectMpi } from '../../../runtime/transport/mpi.js';

const [fault = '', wait = '', patience = '', folder = ''] = process.argv.slice(2);
console.log(`pid ${process.pid}`);

try {
  if (fault === 'absent' && process.env['OMPI_COMM_WORLD_RANK'] === '0') hang();
  const communicator = await connectMpi({ patience: Number(patience) });
  const { rank, ranks } = communicator;
  const device = new HostDevice();
  const transport = await communicator.attach(device);
  const buffer = device.allocate(1 << 20);
  try {
    if (rank === ranks - 1) {
      await others(ranks - 1);
      fail();
    }
    let waited: Promise<unknown>;
    if (wait === 'gather') {
      waited = communicator.gather(new Uint8Array(), 'the number of rows');
    } else {
      const [to, from] = [(rank + 1) % ranks, (rank + ranks - 1) % ranks];
      const messages = [
        { direction: 'receive', peer: from, buffer, offset: 0, bytes: buffer.bytes },
        { direction: 'send', peer: to, buffer, offset: 0, bytes: fault === 'short' && rank === ranks - 1 ? 1000 : buffer.bytes },
      ] as const;
      waited = device.run([{ kind: 'exchange', transport, messages, step: 'forward, step 3' }, { kind: 'join', transport }]);
    }
    writeFileSync(join(folder, String(rank)), '');
    await waited;
    throw new Error('nothing has failed');
  } catch (error) {
    tell(`rank ${rank}`, error);
    communicator.abort(error);
    await communicator.close();
    device.close();
  }
} catch (error) {
  tell('a rank', error);
}
process.exitCode = 1;

/** Until so many ranks wait, which is not for long. */
async function others(count: number): Promise<void> {
  const files = Array.from({ length: count }, (_, rank) => join(folder, String(rank)));
  for (let i = 0; i < 3000; i += 1) {
    if (files.every((file) => existsSync(file))) return;
    await delay(10);
  }
  throw new Error('not all others wait');
}

function tell(who: string, error: unknown): void {
  console.log(`${who}: ${error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error)}`);
}

function fail(): void {
  if (fault === 'throw') throw new Error('the disk is full');
  if (fault === 'exit') process.exit(3);
  if (fault === 'end') process.exit();
  if (fault === 'kill') process.kill(process.pid, 'SIGKILL');
  if (fault === 'stop') process.kill(process.pid, 'SIGSTOP');
  if (fault === 'hang') hang();
}

/** Not even SIGTERM's handlers would run. */
function hang(): never {
  for (;;);
}
