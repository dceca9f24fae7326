import test from 'ava';
import { automatic, InfinitileError, oneOf, range, tiling } from '../../dsl/index.js';
import { knobOf, withKnob } from '../../dsl/knobs.js';

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

test('a knob that is open has its first value, and is listed', (t) => {
  const open = tiling('open', (levels) =>
    levels
      .chunk({ rows: range(1024, 8192, { times: 2 }), cols: 4096, fit: 'shrink', workers: oneOf(2, 4), backward: 'recompute' })
      .block({ rows: oneOf(128, 64), cols: 128, depth: 64, panel: oneOf('split', 'resident') })
      .pass('accumulate', { cols: oneOf(256, 128), stages: 4 })
      .instruction(oneOf('wgmma.m64n128k16', 'wgmma.m64n64k16')),
  );
  t.deepEqual(open.chunk, { rows: 1024, cols: 4096, fit: 'shrink', workers: 2, backward: 'recompute' });
  t.deepEqual(open.block, { rows: 128, cols: 128, depth: 64, panel: 'split' });
  t.deepEqual(open.passes, { accumulate: { cols: 256, stages: 4 } });
  t.deepEqual(open.instruction, { name: 'wgmma.m64n128k16' });
  t.deepEqual(open.open, [
    { level: 'chunk', knob: 'rows', values: [1024, 2048, 4096, 8192] },
    { level: 'chunk', knob: 'workers', values: [2, 4] },
    { level: 'block', knob: 'rows', values: [128, 64] },
    { level: 'block', knob: 'panel', values: ['split', 'resident'] },
    { level: 'accumulate', knob: 'cols', values: [256, 128] },
    { level: 'instruction', knob: 'name', values: ['wgmma.m64n128k16', 'wgmma.m64n64k16'] },
  ]);
});

test('a knob that is set is no longer open, and levels are still where they were written', (t) => {
  const open = tiling('open', (levels) => levels.block({ rows: oneOf(128, 64), cols: 128, depth: 64 }).pass('stats', { cols: oneOf(64, 96) }));
  const set = withKnob(withKnob(open, 'block', 'rows', 64), 'stats', 'stages', 4);
  t.deepEqual([knobOf(set, 'block', 'rows'), knobOf(set, 'stats', 'stages'), knobOf(set, 'stats', 'cols'), knobOf(set, 'chunk', 'rows')], [64, 4, 64, undefined]);
  t.deepEqual(set.open, [{ level: 'stats', knob: 'cols', values: [64, 96] }]);
  t.deepEqual(set.spans, open.spans);
  t.truthy(set.spans?.stats);
});

const openMistakes: readonly { readonly what: string; readonly make: () => unknown; readonly says: RegExp }[] = [
  { what: 'no values', make: () => tiling('t', (l) => l.chunk({ rows: oneOf<number>(), cols: 8 })), says: /INF3008 'rows' of level 'chunk' is left open among no values/ },
  { what: 'a range that goes nowhere', make: () => tiling('t', (l) => l.chunk({ rows: range(8, 4, { by: 1 }), cols: 8 })), says: /INF3008 .* no values/ },
  { what: 'a range that stays where it is', make: () => tiling('t', (l) => l.chunk({ rows: range(8, 16, { by: 0 }), cols: 8 })), says: /INF3008 .* no values/ },
  { what: 'a range that goes down', make: () => tiling('t', (l) => l.chunk({ rows: range(8, 16, { times: 0.5 }), cols: 8 })), says: /INF3008 .* no values/ },
  { what: 'a range without end', make: () => tiling('t', (l) => l.chunk({ rows: range(1, 1e9, { by: 1 }), cols: 8 })), says: /INF3008 .* more than 1024 values/ },
  { what: 'a value twice', make: () => tiling('t', (l) => l.chunk({ rows: oneOf(8, 4, 8), cols: 8 })), says: /INF3008 .* 8 is there twice/ },
  { what: 'a value among others that is none', make: () => tiling('t', (l) => l.chunk({ rows: oneOf(8, 0.5), cols: 8 })), says: /INF3003 'rows' of level 'chunk' is 0\.5/ },
  { what: 'a name among others that is none', make: () => tiling('t', (l) => l.instruction(oneOf('avx2.fma', '?'))), says: /INF3007/ },
  { what: 'first values that do not nest', make: () => tiling('t', (l) => l.chunk({ rows: oneOf(64, 256), cols: 256 }).block({ rows: 128, cols: 64, depth: 64 })), says: /INF3005 .*128 rows.*\n[^]*the first values of open knobs are what runs untuned/ },
  { what: 'a knob of another pass', make: () => tiling('t', (l) => l.pass('accumulate', { panel: 'split' })), says: /INF3004 pass 'accumulate' has no knob 'panel'/ },
  { what: 'a pass twice', make: () => tiling('t', (l) => l.pass('stats', { cols: 64 }).pass('stats', { cols: 96 })), says: /INF3001/ },
  { what: 'a pass inside the register', make: () => tiling('t', (l) => l.register({ rows: 8, cols: 8 }).pass('stats', { cols: 64 })), says: /INF3002/ },
];

for (const { what, make, says } of openMistakes) {
  test(`${what}: refused`, (t) => {
    const error = t.throws(make, { instanceOf: InfinitileError });
    t.regex(error.diagnostics.map(({ code, message, hint }) => `${code} ${message}\n${hint}`).join('\n'), says);
    t.is(error.diagnostics.length, 1);
  });
}
