import test from 'ava';
import { automatic, InfinitileError, tiling } from '../../dsl/index.js';

test('a tiling is data, level by level', (t) => {
  const narrow = tiling('narrow', (levels) =>
    levels
      .ring({ ranks: 2 })
      .chunk({ rows: 4096, cols: 8192 })
      .block({ rows: 128, cols: 256, depth: 64, stages: 4, group: 8 })
      .register({ rows: 64, cols: 64 })
      .instruction('mma.m16n8k16'),
  );
  t.deepEqual(JSON.parse(JSON.stringify(narrow)), {
    kind: 'tiling',
    name: 'narrow',
    ring: { ranks: 2 },
    chunk: { rows: 4096, cols: 8192 },
    block: { rows: 128, cols: 256, depth: 64, stages: 4, group: 8 },
    register: { rows: 64, cols: 64 },
    instruction: { name: 'mma.m16n8k16' },
  });
});

test('levels know where they were written', (t) => {
  const { spans } = tiling('placed', (levels) => levels.chunk({ rows: 64, cols: 64 }).block({ rows: 64, cols: 64, depth: 64 }));
  t.regex(spans?.block?.file ?? '', /tiling\.test\.ts$/);
  t.is((spans?.block?.start.column ?? 0) - (spans?.chunk?.start.column ?? 0), 'chunk({ rows: 64, cols: 64 }).'.length);
});

test('any level may be left open', (t) => {
  t.deepEqual(Object.keys(automatic), ['kind', 'name']);
  t.deepEqual(Object.keys(tiling('one', (levels) => levels.register({ rows: 8, cols: 8 }))), ['kind', 'name', 'register']);
});

test('all mistakes are told at once', (t) => {
  const error = t.throws(() => tiling('a tiling', (levels) => levels.block({ rows: 0, cols: 8, depth: 8 }).chunk({ rows: 1.5, cols: 4 })), { instanceOf: InfinitileError });
  t.deepEqual(error.diagnostics.map(({ code }) => code).sort(), ['INF2001', 'INF3002', 'INF3003', 'INF3003', 'INF3005']);
});

test('a ring takes its ranks and nodes from the launcher, unless it names them', (t) => {
  t.deepEqual(tiling('connected', (levels) => levels.ring()).ring, {});
  const named = { ranks: 8, nodes: 2, inFlight: 3, circulate: 'keys' } as const;
  t.deepEqual(tiling('named', (levels) => levels.ring(named)).ring, named);
});

test("a block has Hopper's knobs: a cluster of blocks, and where a panel is", (t) => {
  for (const panel of ['resident', 'streamed'] as const) {
    const made = tiling('hopper', (levels) => levels.block({ rows: 128, cols: 128, depth: 64, stages: 4, cluster: 2, panel }));
    t.deepEqual(made.block, { rows: 128, cols: 128, depth: 64, stages: 4, cluster: 2, panel });
  }
});
