import test, { type ExecutionContext } from 'ava';
import { temporaryFolder } from '../cli/support.js';
import { skip } from '../support/skips.js';
import { mpirun, whyNoMpi, type Ran } from './mpirun.js';

/** Ranks that mpirun starts, one run after another: as it is, there are more processes than cores. */

/** What the ranks say of a fault of the last of three; they wait for it longer than the test does, or for less, yet longer than ranks take to start. */
const faults: readonly { readonly title: string; readonly args: readonly string[]; readonly said: readonly RegExp[] }[] = [
  {
    title: 'a rank that throws tells the others why',
    args: ['throw', 'gather', '600000'],
    said: [/^rank 0: INF7101 rank 2 has failed: the disk is full$/, /^rank 1: INF7101 rank 2 has failed: the disk is full$/, /^rank 2: the disk is full$/],
  },
  {
    title: 'so it does when they wait for messages',
    args: ['throw', 'exchange', '600000'],
    said: [
      /^rank 0: INF7101 rank 0, forward, step 3: (?:waiting for rank 2: )?rank 2 has failed: the disk is full$/,
      /^rank 1: INF7101 rank 1, forward, step 3: (?:waiting for rank [02]: )?rank 2 has failed: the disk is full$/,
      /^rank 2: the disk is full$/,
    ],
  },
  {
    title: 'a message of other bytes than are expected fails for all',
    args: ['short', 'exchange', '600000'],
    said: [
      /^rank 0: INF7101 rank 0, forward, step 3: receiving 1048576 bytes of rank 2: it sends 1000 bytes$/,
      /^rank 1: INF7101 rank 1, forward, step 3: .*rank 0 has failed: .*it sends 1000 bytes$/,
      /^rank 2: INF7101 rank 2, forward, step 3: .*rank 0 has failed: .*it sends 1000 bytes$/,
    ],
  },
  {
    title: 'a rank that hangs is named when time is up',
    args: ['hang', 'gather', '8000'],
    said: [
      /^rank 0: INF7101 .*rank 2 has been silent for 8000 ms, and the number of rows is waited for$/,
      /^rank 1: INF7101 .*rank 2 has been silent for 8000 ms, and the number of rows is waited for$/,
    ],
  },
  {
    title: 'a rank that is stopped is named, with the step',
    args: ['stop', 'exchange', '8000'],
    said: [
      /^rank 0: INF7101 .*, forward, step 3: rank 2 has not (?:sent|taken) 1048576 bytes for 8000 ms$/,
      /^rank 1: INF7101 .*, forward, step 3: rank 2 has not (?:sent|taken) 1048576 bytes for 8000 ms$/,
    ],
  },
  {
    title: 'a rank that never starts MPI is not waited for without end',
    args: ['absent', 'gather', '2000'],
    said: [/^a rank: INF7101 not every rank has started MPI within 2 s$/],
  },
];

/** What mpirun ends with when the last of three ranks ends before its time. */
const ends: readonly { readonly title: string; readonly fault: string; readonly code: number }[] = [
  { title: 'exits', fault: 'exit', code: 3 },
  { title: 'ends as if all were well', fault: 'end', code: 1 },
  { title: 'is killed', fault: 'kill', code: 137 },
];

const signals = ['SIGINT', 'SIGTERM'] as const;

const reason = await whyNoMpi();
if (reason === undefined) {
  for (const ranks of [1, 2, 4]) {
    test.serial(`${ranks} ranks gather bytes of different lengths`, async (t) => {
      const { code, lines, stderr, left } = await mpirun(ranks, 'gather.ts');
      t.is(code, 0, stderr);
      const place = { ranks, nodes: 1, localRanks: ranks, transport: 'mpi', right: true, lengths: Array.from({ length: ranks }, (_, rank) => (rank === 0 ? 3_000_000 : 0)) };
      t.deepEqual(lines.map((line) => JSON.parse(line) as unknown), Array.from({ length: ranks }, (_, rank) => ({ rank, localRank: rank, ...place })));
      t.deepEqual(left, []);
    });
  }

  // The large ones are sent in parts.
  for (const [ranks, words] of [[2, 1], [3, 5001], [2, 1_000_001]] as const) {
    test.serial(`${ranks} devices pass ${words} words round the ring, in order, their bytes counted`, async (t) => {
      const { code, lines, stderr } = await mpirun(ranks, 'ring.ts', [String(words)]);
      t.is(code, 0, stderr);
      const sentBy = (rank: number): number[] => Array.from({ length: ranks }, (_, peer) => (peer === (rank + 1) % ranks ? 4 * words * ranks : 0));
      t.deepEqual(lines.map((line) => JSON.parse(line) as unknown), Array.from({ length: ranks }, (_, rank) => ({ rank, seen: Array<boolean>(ranks).fill(true), sent: sentBy(rank) })));
    });
  }

  for (const { title, args, said } of faults) {
    test.serial(title, async (t) => {
      const { code, lines, stderr, left } = await fail(t, args);
      t.is(code, 1, stderr);
      for (const expected of said) t.true(lines.some((line) => expected.test(line)), `${String(expected)} in\n${lines.join('\n')}`);
      t.deepEqual(left, []);
    });
  }

  for (const { title, fault, code } of ends) {
    test.serial(`a rank that ${title} takes the others with it`, async (t) => {
      const ran = await fail(t, [fault, 'gather', '600000']);
      t.is(ran.code, code, ran.stderr);
      t.deepEqual(ran.left, []);
    });
  }

  for (const signal of signals) {
    test.serial(`${signal} to mpirun ends all ranks`, async (t) => {
      const { code, left } = await fail(t, ['hang', 'gather', '600000'], (kill) => kill(signal));
      t.not(code, 0);
      t.deepEqual(left, []);
    });
  }
} else {
  skip(6 + faults.length + ends.length + signals.length, 'runs under MPI', reason);
  test('what does not run here is told', (t) => t.pass());
}

/** Three ranks, the last of which fails. */
async function fail(t: ExecutionContext, args: readonly string[], meanwhile?: Parameters<typeof mpirun>[3]): Promise<Ran> {
  return mpirun(3, 'fault.ts', [...args, await temporaryFolder(t)], meanwhile);
}
