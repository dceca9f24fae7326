/**
 * Devices of the host pass buffers round the ring while they fill others: each rank's own comes home after as many steps as there are
 * ranks. Prints what came, and the bytes sent. Arguments: words of a buffer.
 */
import { HostDevice } from '../../../runtime/device/host.js';
import { connectMpi } from '../../../runtime/transport/mpi.js';

const words = Number(process.argv[2]);
console.log(`pid ${process.pid}`);
const communicator = await connectMpi();
const { rank, ranks } = communicator;
const device = new HostDevice();
const transport = await communicator.attach(device);
const bytes = 4 * words;
const [first, second, filled] = [device.allocate(bytes), device.allocate(bytes), device.allocate(bytes)];
await first.write(Int32Array.from({ length: words }, (_, i) => 1000 * rank + i), 0);

const to = (rank + 1) % ranks;
const from = (rank + ranks - 1) % ranks;
const half = 4 * Math.floor(words / 2);
const seen: boolean[] = [];
for (let step = 0; step < ranks; step += 1) {
  const [source, target] = step % 2 === 0 ? [first, second] : [second, first];
  const halves = (buffer: typeof first, direction: 'send' | 'receive', peer: number) => [
    { direction, peer, buffer, offset: 0, bytes: half },
    { direction, peer, buffer, offset: half, bytes: bytes - half },
  ];
  await device.run([
    { kind: 'exchange', transport, messages: [...halves(target, 'receive', from), ...halves(source, 'send', to)], step: `step ${step}` },
    { kind: 'fill', buffer: filled, offset: 0, words, pattern: step },
  ]);
  // The messages go on between two lists.
  await device.run([{ kind: 'join', transport }]);
  const values = new Int32Array(words);
  await target.read(values, 0);
  const origin = (rank + ranks - 1 - step) % ranks;
  seen.push(values.every((value, i) => value === 1000 * origin + i));
}
console.log(JSON.stringify({ rank, seen, sent: [...transport.sentBytes] }));
device.close();
await communicator.close();
