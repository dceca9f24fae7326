/** Ranks gather bytes of different lengths, several gathers at once, and close. Each prints one line. */
import { connectMpi } from '../../../runtime/transport/mpi.js';

console.log(`pid ${process.pid}`);
const communicator = await connectMpi();
const { rank, ranks, nodes, localRank, localRanks, transport } = communicator;
const rounds = 20;
const gathers = Array.from({ length: rounds }, (_, round) => communicator.gather(new Uint8Array(1000 * rank + round).fill(rank), 'some bytes'));
// Several at a time.
const right = (await Promise.all(gathers)).every((parts, round) => parts.length === ranks && parts.every((part, r) => part.length === 1000 * r + round && part.every((byte) => byte === r)));
const large = await communicator.gather(new Uint8Array(rank === 0 ? 3_000_000 : 0).fill(7), 'the bytes of rank 0');
console.log(JSON.stringify({ rank, ranks, nodes, localRank, localRanks, transport, right, lengths: large.map((part) => part.length) }));
await communicator.close();
await communicator.close();
