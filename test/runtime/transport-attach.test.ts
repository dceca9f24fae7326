import test from 'ava';
import { HostDevice } from '../../runtime/device/host.js';
import { connectLocal } from '../../runtime/transport/local.js';
import { outcomes } from './support/groups.js';

test('devices of one process that are attached hand each other memory', async (t) => {
  const group = connectLocal(3);
  const received = await Promise.all(
    group.map(async (member) => {
      const device = new HostDevice();
      const transport = await member.attach(device);
      const [own, other] = [device.allocate(4), device.allocate(4)];
      await own.write(Uint8Array.of(member.rank, 0, 0, 1), 0);
      const [next, previous] = [(member.rank + 1) % 3, (member.rank + 2) % 3];
      await device.run([
        { kind: 'exchange', transport, step: 'a turn', messages: [{ direction: 'send', peer: next, buffer: own, offset: 0, bytes: 4 }, { direction: 'receive', peer: previous, buffer: other, offset: 0, bytes: 4 }] },
        { kind: 'join', transport },
      ]);
      const bytes = new Uint8Array(4);
      await other.read(bytes, 0);
      await member.close();
      device.close();
      return [...bytes];
    }),
  );
  t.deepEqual(received, [[2, 0, 0, 1], [0, 0, 0, 1], [1, 0, 0, 1]]);
});

test('a rank that aborts ends what the devices of others wait for', async (t) => {
  const [first, second] = connectLocal(2);
  if (first === undefined || second === undefined) return t.fail();
  const device = new HostDevice();
  const [transport] = await Promise.all([first.attach(device), second.attach(device)]);
  const buffer = device.allocate(4);
  const waiting = outcomes([device.run([{ kind: 'exchange', transport, step: 'step 1', messages: [{ direction: 'receive', peer: 1, buffer, offset: 0, bytes: 4 }] }, { kind: 'join', transport }])]);
  second.abort(new Error('no memory'));
  const [message] = await waiting;
  t.regex(message ?? '', /^INF7101 .*rank 1 has failed: no memory/);
  device.close();
});
