import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test from 'ava';
import type { BenchRecord, CaseRecord } from '../../runtime/bench/record.js';
import { performancePage, readMeasurements, readRecords, renderPerformance } from './performance-page.js';
import { renderMeasurement } from './performance-tables.js';

const none = { registers: null, spillBytes: null, sharedBytes: null };

const alone: CaseRecord = {
  ...{ loss: 'clip', device: 'a GPU', target: 'sm_80', tiling: ['tiling     automatic'], chunk: { rows: 4096, cols: 8192 }, precision: 'bf16' },
  ...{ n: 16384, m: 16384, dim: 512, params: { logScale: 3.9 }, rounds: 7 },
  ...{ forwardMs: 1, forwardBackwardMs: 4, forwardDeviceMs: 0.9, forwardBackwardDeviceMs: 3.5, gflops: 274_878, workspaceBytes: 2 ** 27, peakBeyondInputsBytes: 2 ** 28, peakExtraBytes: 2 ** 27 },
  passes: [
    { name: 'stats', launches: 8, ms: 0.8, tflops: 343.6, ofProduct: 0.5, registers: 168, spillBytes: 0, sharedBytes: 2 ** 17 },
    { name: 'fill', launches: 3, ms: 0.01, tflops: null, ofProduct: null, ...none },
    { name: 'merge', launches: 4, ms: 0.02, tflops: null, ofProduct: null, ...none },
  ],
  against: {
    cublas: { ms: 2, ratio: 0.5, deviceRatio: 0.57, parts: [{ name: 'G K', ms: 0.5 }], peakBeyondInputsBytes: 2 ** 30, note: '1024 rows at a time', agreement: null },
    liger: { absent: 'it ran out of memory' },
  },
  ofFirst: null,
};

const record: BenchRecord = { infinitile: '0.2.0', command: 'infinitile bench --json', cases: [alone] };

test('the page holds the tables of the measurements', (t) => {
  const page = readFileSync(performancePage, 'utf8');
  t.is(renderPerformance(page, readMeasurements()), page, 'npm run docs:performance writes it');
});

test('a case: its command, its place, its peers, its passes', (t) => {
  t.is(
    renderMeasurement(record),
    `    npx infinitile bench --json

a GPU, target \`sm_80\`; medians of 7 rounds.

| | N | D | precision | forward, ms | forward and backward, ms | on the device, ms | TFLOP/s | beyond inputs | through ours |
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |
| Infinitile, \`clip\` | 16,384 | 512 | bf16 | 1 | 4 | 3.5 | 275 | 256 MiB | 1 |
| cublas (1024 rows at a time) | 16,384 | 512 | bf16 | | 2 | | 550 | 1.00 GiB | 0.50 |

| pass | N | D | precision | ms | TFLOP/s | of the library’s product | registers | spilled bytes | shared memory | launches |
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |
| \`stats\` | 16,384 | 512 | bf16 | 0.8 | 344 | 50 % | 168 | 0 | 128 KiB | 8 |
| the other 2 | 16,384 | 512 | bf16 | 0.03 | | | | | | 7 |

Left out: liger (it ran out of memory), N = 16,384, D = 512.`,
  );
});

test('ranks: the ratio to one, what they send and hold', (t) => {
  const turn = { ...alone, passes: null, against: null };
  const cases = [
    { ...turn, ofFirst: { wall: 1, device: 1 }, ring: { ranks: 1, bytesForward: 0, bytesBackward: 0 } },
    { ...turn, forwardBackwardMs: 1, ofFirst: { wall: 0.25, device: 0.3 }, ring: { ranks: 8, bytesForward: 2 ** 20, bytesBackward: 2 ** 21 } },
  ];
  t.true(renderMeasurement({ ...record, cases }).includes('| 1 | 16,384 | 512 | bf16 | 1 | 4 | 1.00 x | 0.9 | 3.5 | 0 B | 0 B | 128 MiB |\n| 8 | 16,384 | 512 | bf16 | 1 | 1 | 0.25 x | 0.9 | 3.5 | 1.00 MiB | 2.00 MiB | 128 MiB |'));
});

test('losses in turns: the ratio to the first', (t) => {
  const turn = { ...alone, passes: null, against: null };
  const cases = [{ ...turn, ofFirst: { wall: 1, device: 1 } }, { ...turn, loss: 'siglip', m: 8192, forwardBackwardMs: 1234.5, ofFirst: { wall: 0.9, device: 0.82 } }];
  t.true(renderMeasurement({ ...record, cases }).includes('| `clip` | 16,384 | 512 | bf16 | 1 | 4 | 3.5 | 1.000 x |\n| `siglip` | 16,384 x 8,192 | 512 | bf16 | 1 | 1,235 | 3.5 | 0.820 x |'));
});

test('a measurement goes to its place, and nowhere else', (t) => {
  const page = 'before\n\n<!-- measured: a.b -->\n\nold\n\n<!-- end -->\n\nafter\n';
  const written = renderPerformance(page, new Map([['a.b', [record]]]));
  t.true(written.startsWith('before\n\n<!-- measured: a.b -->\n\n    npx infinitile bench'));
  t.true(written.endsWith('D = 512.\n\n<!-- end -->\n\nafter\n'));
  t.is(renderPerformance(written, new Map([['a.b', [record]]])), written);
  t.throws(() => renderPerformance(page, new Map()), { message: "the page has a place for 'a.b', and there is no docs/measurements/a.b.json" });
  t.throws(() => renderPerformance('', new Map([['c', [record]]])), { message: /no place for c: write <!-- measured: c -->/ });
});

test('what is no record is refused with its place', (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'infinitile-measurements-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const file = path.join(folder, 'x.json');
  writeFileSync(file, `${JSON.stringify(record)}\n{"cases": []}\n`);
  t.throws(() => readRecords(file), { message: /x\.json, line 2, is no record of infinitile bench --json: / });
  writeFileSync(file, `${JSON.stringify(record)}\n`);
  t.deepEqual(readMeasurements(folder), new Map([['x', [record]]]));
});
