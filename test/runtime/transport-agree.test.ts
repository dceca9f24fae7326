import test from 'ava';
import { z } from 'zod';
import { InfinitileError } from '../../dsl/diagnostics/index.js';
import { agree, gatherJson, gatherNumbers, requireSame } from '../../runtime/transport/agree.js';
import { connectLocal } from '../../runtime/transport/local.js';
import { outcomes } from './support/groups.js';

test('work that all ranks have done gives each its own result', async (t) => {
  t.deepEqual(await Promise.all(connectLocal(3).map((member) => agree(member, 'squares', () => member.rank ** 2))), [0, 1, 4]);
});

test('work that one rank could not do fails on all: on that with its own error', async (t) => {
  const own = new InfinitileError({ code: 'INF5001', message: 'no C++ compiler was found' });
  const group = connectLocal(3);
  const work = group.map((member) =>
    agree(member, 'compiling', () => {
      if (member.rank === 1) throw own;
    }),
  );
  t.deepEqual(await outcomes(work), ['INF7101 rank 1: INF5001 no C++ compiler was found', 'INF5001 no C++ compiler was found', 'INF7101 rank 1: INF5001 no C++ compiler was found']);
  t.is(await work[1]?.catch((error: unknown) => error), own);
  t.deepEqual(await Promise.all(group.map((member) => agree(member, 'another way', () => true))), [true, true, true], 'the group goes on');
});

test('a rank tells its own error also where the group is lost', async (t) => {
  const [first, second] = connectLocal(2);
  second?.abort('no');
  const broken = new InfinitileError({ code: 'INF7002', message: 'no memory' });
  if (first === undefined) return t.fail();
  t.deepEqual(await outcomes([agree(first, 'allocating', () => Promise.reject(broken))]), ['INF7002 no memory']);
});

test('records that differ are told, each difference, on every rank', async (t) => {
  const records = [{ tiling: 'a', loss: 'clip' }, { tiling: 'a', loss: 'clip' }, { tiling: 'a', loss: 'siglip', precision: 'f32' }, { tiling: 'b', loss: 'clip' }];
  const message = ["INF7102 tiling: rank 0 has 'a', rank 3 has 'b'", "INF7102 loss: rank 0 has 'clip', rank 2 has 'siglip'", "INF7102 precision: rank 0 has none, rank 2 has 'f32'"].join('\n');
  t.deepEqual(await outcomes(connectLocal(4).map((member, rank) => requireSame(member, records[rank] ?? {}))), [message, message, message, message]);
  await t.notThrowsAsync(Promise.all(connectLocal(2).map((member) => requireSame(member, { tiling: 'a' }))));
});

test('JSON is gathered, and checked', async (t) => {
  const schema = z.object({ rows: z.number() });
  t.deepEqual(await Promise.all(connectLocal(2).map((member) => gatherJson(member, { rows: member.rank }, 'rows', schema))), [[{ rows: 0 }, { rows: 1 }], [{ rows: 0 }, { rows: 1 }]]);
  const [first, second] = connectLocal(2);
  if (first === undefined || second === undefined) return t.fail();
  const given = second.gather(Buffer.from('{"cols": 1}'), 'rows');
  t.deepEqual(await outcomes([gatherJson(first, { rows: 0 }, 'rows', schema)]), ['INF7102 rows: rank 1 has given something else']);
  await given;
});

test('numbers are gathered, of each rank as many as it has', async (t) => {
  const numbers = [Float64Array.of(), Float64Array.of(0.1, -Infinity), Float64Array.of(NaN)];
  for (const gathered of await Promise.all(connectLocal(3).map((member, rank) => gatherNumbers(member, numbers[rank] ?? Float64Array.of(), 'sums')))) t.deepEqual(gathered, numbers);
  const [first, second] = connectLocal(2);
  if (first === undefined || second === undefined) return t.fail();
  const given = second.gather(new Uint8Array(7), 'sums');
  t.deepEqual(await outcomes([gatherNumbers(first, Float64Array.of(1), 'sums')]), ['INF7102 sums: rank 1 has given something else']);
  await given;
});
