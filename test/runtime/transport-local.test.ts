import test, { type ExecutionContext } from 'ava';
import { InfinitileError } from '../../dsl/diagnostics/index.js';
import { loadAddon, type NativeBuffer, type NativeCommand, type NativeDevice, type NativeMessage, type NativeTransport } from '../../runtime/addon.js';
import { HostDevice } from '../../runtime/device/host.js';

/** Devices of one process as ranks: messages between memories of the host. */
const addon = loadAddon();
const patience = 20_000;

interface Rank {
  readonly device: NativeDevice;
  readonly transport: NativeTransport;
}

function openRanks(count: number, wait = patience): Rank[] {
  return addon.createLocalTransports(count, wait).map((transport) => ({ device: addon.createHostDevice(), transport }));
}

function closeRanks(ranks: readonly Rank[]): void {
  for (const { device } of ranks) device.close();
}

function rankAt(ranks: readonly Rank[], index: number): Rank {
  const rank = ranks[index];
  if (rank === undefined) throw new Error(`there is no rank ${index}`);
  return rank;
}

function send(peer: number, buffer: NativeBuffer, bytes = buffer.bytes, offset = 0): NativeMessage {
  return { direction: 'send', peer, buffer, offset, bytes };
}

function receive(peer: number, buffer: NativeBuffer, bytes = buffer.bytes, offset = 0): NativeMessage {
  return { direction: 'receive', peer, buffer, offset, bytes };
}

function exchange(transport: NativeTransport, step: string, messages: readonly NativeMessage[]): NativeCommand {
  return { kind: 'exchange', transport, messages, step };
}

function join(transport: NativeTransport): NativeCommand {
  return { kind: 'join', transport };
}

async function ints(buffer: NativeBuffer): Promise<number[]> {
  const target = new Int32Array(buffer.bytes / 4);
  await buffer.read(target, 0);
  return [...target];
}

/** What a run fails with: its code, if it has one, and its message. */
async function failure(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return 'nothing';
  } catch (error) {
    const { code = 'no code', message } = error as { readonly code?: string; readonly message: string };
    return `${code}: ${message}`;
  }
}

/** Blocks of numbers travel once round a ring, half of each block in a message of its own. */
async function passRound(t: ExecutionContext, count: number, words: number): Promise<void> {
  const ranks = openRanks(count);
  const bytes = 4 * words;
  const held = await Promise.all(
    ranks.map(async ({ device, transport: { rank } }) => {
      const buffers = [device.allocate(bytes), device.allocate(bytes)] as const;
      await buffers[0].write(Int32Array.from({ length: words }, (_, i) => 1000 * rank + i), 0);
      return buffers;
    }),
  );
  for (let step = 0; step < count; step += 1) {
    const seen = await Promise.all(
      ranks.map(async ({ device, transport }, rank) => {
        const [from, to] = step % 2 === 0 ? [0, 1] as const : [1, 0] as const;
        const buffers = held[rank];
        if (buffers === undefined) return [];
        const next = (rank + 1) % count;
        const before = (rank + count - 1) % count;
        const half = bytes / 2;
        const started = device.run([
          exchange(transport, `step ${step}`, [send(next, buffers[from], half), receive(before, buffers[to], half)]),
          exchange(transport, `step ${step}`, [receive(before, buffers[to], half, half), send(next, buffers[from], half, half)]),
        ]);
        // The join comes in a list of its own.
        await Promise.all([started, device.run([join(transport)])]);
        return ints(buffers[to]);
      }),
    );
    const owner = (rank: number) => (rank + count - 1 - step + count) % count;
    // Whole blocks at once: comparisons of ava's take too long for large ones.
    t.true(seen.every((block, rank) => block.length === words && block.every((value, i) => value === 1000 * owner(rank) + i)), `step ${step}`);
  }
  for (const [rank, { transport }] of ranks.entries()) {
    t.deepEqual([...transport.sentBytes], ranks.map((_, peer) => (peer === (rank + 1) % count ? count * bytes : 0)));
    t.is(transport.rank, rank);
    t.is(transport.ranks, count);
  }
  closeRanks(ranks);
}

for (const count of [2, 3, 8]) {
  test(`blocks pass round a ring of ${count} devices, in order, their bytes counted`, (t) => passRound(t, count, 64));
}

test('large blocks pass round', (t) => passRound(t, 3, 2 ** 18));

test('a list that is kept carries its messages each time it runs', async (t) => {
  const ranks = openRanks(2);
  const lists = ranks.map(({ device, transport }, rank) => {
    const [own, other] = [device.allocate(8), device.allocate(8)];
    const peer = 1 - rank;
    const list = device.prepare([exchange(transport, 'step 1', [send(peer, own), receive(peer, other)]), join(transport)]);
    return { own, other, run: () => list.run(new Uint8Array(), new Uint8Array()) };
  });
  for (const round of [1, 2, 3]) {
    await Promise.all(lists.map(({ own }, rank) => own.write(Int32Array.of(round, rank), 0)));
    await Promise.all(lists.map(({ run }) => run()));
    t.deepEqual(await Promise.all(lists.map(({ other }) => ints(other))), [[round, 1], [round, 0]]);
  }
  closeRanks(ranks);
});

test('messages of one rank to another arrive in order, empty ones too', async (t) => {
  const ranks = openRanks(2);
  const [a, b] = [rankAt(ranks, 0), rankAt(ranks, 1)];
  const out = a.device.allocate(400);
  await out.write(Int32Array.from({ length: 100 }, (_, i) => i), 0);
  const into = b.device.allocate(400);
  const sends = Array.from({ length: 100 }, (_, i) => send(1, out, 4, 4 * i));
  const receives = Array.from({ length: 100 }, (_, i) => receive(0, into, 4, 396 - 4 * i));
  await Promise.all([
    a.device.run([exchange(a.transport, 'all', [...sends, send(1, out, 0)]), join(a.transport)]),
    b.device.run([exchange(b.transport, 'all', [...receives, receive(0, into, 0)]), join(b.transport)]),
  ]);
  t.deepEqual(await ints(into), Array.from({ length: 100 }, (_, i) => 99 - i));
  // Nothing is on its way: a join has nothing to wait for.
  await a.device.run([join(a.transport)]);
  closeRanks(ranks);
});

test('a rank that does not send, or does not take, is named with the step; then the group is lost', async (t) => {
  for (const [message, missed] of [[receive, 'has not sent'], [send, 'has not taken']] as const) {
    const ranks = openRanks(3, 50);
    const { device, transport } = rankAt(ranks, 1);
    const buffer = device.allocate(60);
    const told = await failure(device.run([exchange(transport, 'forward pass, step 3', [message(2, buffer)]), join(transport)]));
    const reason = `rank 1, forward pass, step 3: rank 2 ${missed} 60 bytes for 50 ms`;
    t.is(told, `TRANSPORT: ${reason}`);
    const other = rankAt(ranks, 0);
    const later = [exchange(other.transport, 'forward pass, step 4', []), join(other.transport)];
    t.is(await failure(other.device.run(later)), `TRANSPORT: rank 0, forward pass, step 4: ${reason}`);
    closeRanks(ranks);
  }
});

test('an abort ends what others wait for, and what they start later; the first reason counts', async (t) => {
  const ranks = openRanks(2);
  const [a, b] = [rankAt(ranks, 0), rankAt(ranks, 1)];
  const buffer = a.device.allocate(8);
  const waiting = failure(a.device.run([exchange(a.transport, 'step 1', [receive(1, buffer)]), join(a.transport)]));
  b.transport.abort('rank 1 has no memory left');
  b.transport.abort('something else');
  t.regex(await waiting, /^TRANSPORT: rank 0, step 1: (waiting for rank 1: )?rank 1 has no memory left$/);
  t.is(await failure(a.device.run([exchange(a.transport, 'step 2', [])])), 'TRANSPORT: rank 0, step 2: rank 1 has no memory left');
  closeRanks(ranks);
});

test('a device tells a rank that is lost as a diagnostic', async (t) => {
  const [transport] = addon.createLocalTransports(2, 1);
  if (transport === undefined) return t.fail();
  const device = new HostDevice();
  const commands = [exchange(transport, 'step 1', [receive(1, device.allocate(4))]), join(transport)];
  const error = await t.throwsAsync(device.run(commands), { instanceOf: InfinitileError });
  t.is(error.diagnostics[0]?.code, 'INF7101');
  t.is(error.diagnostics[0]?.message, 'rank 0, step 1: rank 1 has not sent 4 bytes for 1 ms');
  device.close();
});

test('messages of different lengths are told with both', async (t) => {
  const ranks = openRanks(2);
  const [a, b] = [rankAt(ranks, 0), rankAt(ranks, 1)];
  const buffers = ranks.map(({ device }) => device.allocate(64));
  const told = await Promise.all([
    failure(a.device.run([exchange(a.transport, 'step 7', buffers.slice(0, 1).map((buffer) => send(1, buffer, 64))), join(a.transport)])),
    failure(b.device.run([exchange(b.transport, 'step 8', buffers.slice(1).map((buffer) => receive(0, buffer, 60))), join(b.transport)])),
  ]);
  t.is(told[1], 'TRANSPORT: rank 1 expects 60 bytes of rank 0 (step 8), which sends 64 bytes (step 7)');
  t.true(['nothing', `TRANSPORT: rank 0, step 7: waiting for rank 1: ${told[1].slice('TRANSPORT: '.length)}`].includes(told[0]), told[0]);
  closeRanks(ranks);
});

test('a device that is closed while it waits tells the others', async (t) => {
  const ranks = openRanks(2);
  const [a, b] = [rankAt(ranks, 0), rankAt(ranks, 1)];
  const buffer = a.device.allocate(8);
  const other = b.device.allocate(8);
  const closing = failure(a.device.run([exchange(a.transport, 'step 1', [receive(1, buffer)]), join(a.transport)]));
  await new Promise((resolve) => setTimeout(resolve, 200));
  a.device.close();
  t.is(await closing, 'no code: command 2 of 2 (join): the device was closed while rank 0 waited for rank 1 (step 1)');
  const told = await failure(b.device.run([exchange(b.transport, 'step 1', [receive(0, other)]), join(b.transport)]));
  t.is(told, 'TRANSPORT: rank 1, step 1: rank 0, step 1: its device was closed while it waited for rank 1');
  closeRanks(ranks);
});

test('a device that is closed with messages on their way takes them back, and tells the others', async (t) => {
  const ranks = openRanks(2);
  const [a, b] = [rankAt(ranks, 0), rankAt(ranks, 1)];
  const buffer = a.device.allocate(2 ** 22);
  const other = b.device.allocate(2 ** 22);
  await a.device.run([exchange(a.transport, 'step 1', [send(1, buffer)])]);
  buffer.free();
  a.device.close();
  t.is(a.device.allocatedBytes, 0);
  const told = await failure(b.device.run([exchange(b.transport, 'step 1', [receive(0, other)]), join(b.transport)]));
  t.is(told, 'TRANSPORT: rank 1, step 1: rank 0 was closed with messages on their way');
  closeRanks(ranks);
});

test('memory that is freed while its message is on its way stays until it has been taken', async (t) => {
  const ranks = openRanks(2);
  const [a, b] = [rankAt(ranks, 0), rankAt(ranks, 1)];
  const buffer = a.device.allocate(8);
  await buffer.write(Int32Array.of(3, 4), 0);
  const into = b.device.allocate(8);
  await a.device.run([exchange(a.transport, 'step 1', [send(1, buffer)])]);
  buffer.free();
  t.is(a.device.allocatedBytes, 8);
  await Promise.all([a.device.run([join(a.transport)]), b.device.run([exchange(b.transport, 'step 1', [receive(0, into)]), join(b.transport)])]);
  t.is(a.device.allocatedBytes, 0);
  t.deepEqual(await ints(into), [3, 4]);
  closeRanks(ranks);
});

test('what is wrong with a command is told with its place', async (t) => {
  const ranks = openRanks(2);
  const { device, transport } = rankAt(ranks, 0);
  const foreign = rankAt(ranks, 1);
  const buffer = device.allocate(8);
  const refusal = (commands: readonly NativeCommand[]) => failure(device.run(commands));
  const place = 'no code: command 1 (exchange), message 2';
  const second = (message: NativeMessage) => refusal([exchange(transport, 'step', [send(1, buffer), message])]);
  t.is(await second(send(0, buffer)), `${place}: rank 0 sends no message to itself`);
  t.is(await second(send(2, buffer)), `${place}: peer must be a whole number from 0 to 1, not 2`);
  t.is(await second(send(1, buffer, 8, 4)), `${place}: send: 8 bytes at byte 4 of a buffer of 8`);
  t.is(await second(receive(1, buffer, 9)), `${place}: receive: 9 bytes at byte 0 of a buffer of 8`);
  t.is(await second({ ...send(1, buffer), direction: 'lose' as 'send' }), `${place}: unknown direction 'lose'`);
  t.is(await refusal([join({} as NativeTransport)]), 'no code: command 1 (join): not a transport');
  await foreign.device.run([join(foreign.transport)]);
  t.is(await refusal([join(foreign.transport)]), "no code: command 1 (join): the transport carries another device's messages");
  t.throws(() => addon.createLocalTransports(0, 1), { message: 'ranks must be a whole number from 1 to 256, not 0' });
  t.throws(() => addon.createLocalTransports(2, 0), { message: /^patience must be a whole number from 1/ });
  t.throws(() => addon.adoptTransport({} as never), { message: 'not a transport of another addon' });
  t.deepEqual([...transport.sentBytes], [0, 0]);
  closeRanks(ranks);
});
