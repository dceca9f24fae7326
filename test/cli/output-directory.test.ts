import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import test from 'ava';
import { OutputDirectory } from '../../runtime/cli/run/output-directory.js';
import { connectLocal } from '../../runtime/transport/local.js';
import type { Communicator } from '../../runtime/transport/communicator.js';
import { readMatrixRows, matrixSource, openTensor } from '../../runtime/tensor/tensor.js';
import { temporaryFolder } from './support.js';

const { signal } = new AbortController();
const form = { element: 'f32', shape: [3, 2] } as const;

/** What each rank's work gives; a rank that fails tells the others. */
function onEach<T>(rings: readonly Communicator[], work: (ring: Communicator) => Promise<T>): Promise<readonly PromiseSettledResult<T>[]> {
  return Promise.allSettled(
    rings.map((ring) =>
      work(ring).catch((error: unknown) => {
        ring.abort(error);
        throw error;
      }),
    ),
  );
}

test('a file has the rows of all ranks, and the directory shows when all are done', async (t) => {
  const folder = await temporaryFolder(t);
  const place = path.join(folder, 'out');
  const outcomes = await onEach(connectLocal(3), async (ring) => {
    const output = await OutputDirectory.begin(place, ring, signal);
    const own = [{ firstRow: ring.rank, rowCount: 1, pieces: [Float32Array.of(ring.rank, 7)] }];
    await output.writeRows('rows', form, own);
    t.deepEqual((await readdir(folder)).filter((name) => name === 'out'), [], 'not yet');
    await output.commit({ ranks: ring.ranks });
    await output.discard();
    return readdir(place);
  });
  t.deepEqual(outcomes, Array.from({ length: 3 }, () => ({ status: 'fulfilled', value: ['result.json', 'rows.npy'] })));
  t.deepEqual(JSON.parse(await readFile(path.join(place, 'result.json'), 'utf8')), { ranks: 3 });
  t.deepEqual([...(await readMatrixRows(matrixSource('rows', await openTensor(path.join(place, 'rows.npy')), { precision: 'f32' })))], [0, 7, 1, 7, 2, 7]);
  t.deepEqual(await readdir(folder), ['out']);
});

test('a rank that fails leaves nothing of what the others wrote', async (t) => {
  const folder = await temporaryFolder(t);
  const outcomes = await onEach(connectLocal(3), async (ring) => {
    const output = await OutputDirectory.begin(path.join(folder, 'out'), ring, signal);
    try {
      if (ring.rank === 2) throw new Error('the device is lost');
      await output.writeRows('rows', form, [{ firstRow: ring.rank, rowCount: 1, pieces: [new Float32Array(2)] }]);
      await output.commit({});
    } finally {
      await output.discard();
    }
  });
  t.deepEqual(outcomes.map(({ status }) => status), ['rejected', 'rejected', 'rejected']);
  t.deepEqual(await readdir(folder), []);
});

for (const lost of ['killed', 'interrupted'] as const) {
  test(`of ranks that are ${lost} any one leaves nothing, until rank 0 may show it`, async (t) => {
    const folder = await temporaryFolder(t);
    const place = path.join(folder, 'out');
    const rings = connectLocal(2);
    const interrupts = rings.map(() => new AbortController());
    const [first, second] = await Promise.all(rings.map((ring, rank) => OutputDirectory.begin(place, ring, interrupts[rank]?.signal ?? signal)));
    await second?.discard();
    t.is((await readdir(folder)).length, 1, 'rank 0 has it in hand');
    if (lost === 'killed') {
      rings[0]?.abort(new Error('gone'));
      await second?.discard();
    } else {
      interrupts[1]?.abort(new Error('SIGTERM'));
      while ((await readdir(folder)).length > 0) await delay(10);
    }
    t.deepEqual(await readdir(folder), []);
    rings[1]?.abort(new Error('gone'));
    await t.throwsAsync(async () => first?.commit({}));
  });
}

test('a rank that does not see the directory of rank 0 is named, to every rank', async (t) => {
  const folder = await temporaryFolder(t);
  const place = path.join(folder, 'out');
  const outcomes = await onEach(connectLocal(3).map((ring) => (ring.rank === 1 ? elsewhere(ring) : ring)), (ring) => OutputDirectory.begin(place, ring, signal));
  for (const outcome of outcomes) {
    t.regex(outcome.status === 'rejected' ? String(outcome.reason) : '', /INF6007 '.*out' cannot be written: rank 1 does not see[^]*hint: name one on a file system that all ranks share/);
  }
  t.deepEqual(await readdir(folder), []);
});

test('what rank 0 cannot make, the others hear of', async (t) => {
  const folder = await temporaryFolder(t);
  const outcomes = await onEach(connectLocal(2), (ring) => OutputDirectory.begin(path.join(folder, 'no', 'out'), ring, signal));
  const [first, second] = outcomes.map((outcome) => (outcome.status === 'rejected' ? String(outcome.reason) : ''));
  t.regex(first ?? '', /^InfinitileError: INF6007 /);
  t.regex(second ?? '', /INF7101 rank 0 has failed: INF6007 /);
});

/** A rank of a machine with a disk of its own: it has no directory of that path. */
function elsewhere(ring: Communicator): Communicator {
  const gather: Communicator['gather'] = async (bytes, what) => (await ring.gather(bytes, what)).map((told) => (told.length > 1 ? Buffer.from(`/elsewhere${Buffer.from(told).toString()}`) : told));
  const { rank, ranks, nodes, localRank, localRanks, transport, description, lost } = ring;
  return { rank, ranks, nodes, localRank, localRanks, transport, description, lost, gather, attach: (device) => ring.attach(device), show: (own) => ring.show(own), abort: (reason) => ring.abort(reason), close: () => ring.close() };
}
