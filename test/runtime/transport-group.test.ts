import test from 'ava';
import { groups, outcomes, range } from './support/groups.js';

const patience = 20_000;

for (const [kind, open] of Object.entries(groups)) {
  for (const ranks of [1, 2, 3, 4]) {
    test(`${kind}: ${ranks} ranks gather, and leave`, async (t) => {
      const group = await open(ranks, patience);
      t.deepEqual(group.map((member) => [member.rank, member.ranks]), range(ranks).map((rank) => [rank, ranks]));
      const sent = range(ranks).map((rank) => new Uint8Array(rank * 100_000).fill(rank));
      // The second is asked for before the first is there.
      const gathered = await Promise.all(group.flatMap((member, rank) => [member.gather(sent[rank] ?? new Uint8Array(), 'bytes'), member.gather(Uint8Array.of(rank), 'ranks')]));
      const given = [sent, range(ranks).map((rank) => Uint8Array.of(rank))];
      // Ava compares byte by byte, which takes seconds for so many.
      for (const [i, parts] of gathered.entries()) t.true(parts.length === ranks && parts.every((bytes, rank) => Buffer.compare(bytes, given[i % 2]?.[rank] ?? new Uint8Array()) === 0));
      await Promise.all(group.flatMap((member) => [member.close(), member.close()]));
      t.false(group.some((member) => member.lost.aborted));
    });
  }

  test(`${kind}: bytes may be changed once they are given`, async (t) => {
    const [first, second] = await open(2, patience);
    const bytes = Uint8Array.of(1);
    const gathered = first?.gather(bytes, 'bytes');
    bytes[0] = 2;
    await second?.gather(Uint8Array.of(3), 'bytes');
    t.deepEqual(await gathered, [Uint8Array.of(1), Uint8Array.of(3)]);
    await Promise.all([first?.close(), second?.close()]);
  });

  for (const failing of [0, 2]) {
    test(`${kind}: when rank ${failing} aborts, all hear why, now and later`, async (t) => {
      const group = await open(3, patience);
      const waiting = group.filter(({ rank }) => rank !== failing);
      const pending = outcomes(waiting.map((member) => member.gather(new Uint8Array(), 'something')));
      group[failing]?.abort(new Error('no memory'));
      group[failing]?.abort(new Error('and again'));
      const message = `INF7101 rank ${failing} has failed: no memory`;
      t.deepEqual(await pending, [message, message]);
      t.deepEqual(await outcomes(group.map((member) => member.gather(new Uint8Array(), 'more'))), [message, message, message]);
      t.true(group.every((member) => member.lost.aborted));
      t.deepEqual(await outcomes(group.map((member) => member.close())), ['done', 'done', 'done']);
    });
  }

  for (const silent of [[0], [1, 2]]) {
    test.serial(`${kind}: silent for too long: ${silent.join(' and ')}`, async (t) => {
      const group = await open(4, 1500);
      const waiting = group.filter(({ rank }) => !silent.includes(rank));
      const who = silent.length === 1 ? 'rank 0 has' : 'ranks 1 and 2 have';
      const message = `INF7101 ${who} been silent for 1.5 s, and the number of rows is waited for`;
      t.deepEqual(await outcomes(waiting.map((member) => member.gather(new Uint8Array(), 'the number of rows'))), waiting.map(() => message));
    });
  }

  test(`${kind}: ranks that gather different things disagree`, async (t) => {
    const group = await open(2, patience);
    const [own, other] = await outcomes(group.map((member) => member.gather(new Uint8Array(), member.rank === 0 ? 'rows' : 'columns')));
    t.is(own, other);
    t.regex(own ?? '', /^INF7102 rank (0 gathers rows, rank 1 columns|1 gathers columns, rank 0 rows)$/);
  });

  test(`${kind}: a rank that leaves is not waited for`, async (t) => {
    const group = await open(2, patience);
    const message = 'INF7101 rank 1 has left the group, and rows is waited for';
    t.deepEqual(await outcomes(group.map((member) => (member.rank === 0 ? member.gather(new Uint8Array(), 'rows') : member.close()))), [message, message]);
  });

  test(`${kind}: after its end a group gathers nothing`, async (t) => {
    const group = await open(2, patience);
    await Promise.all(group.map((member) => member.close()));
    t.deepEqual(await outcomes(group.map((member) => member.gather(new Uint8Array(), 'rows'))), range(2).map((rank) => `INF7101 rank ${rank} has left the group, and rows is waited for`));
  });
}
