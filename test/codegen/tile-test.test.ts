import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import test from 'ava';
import { emitTileTest } from '../../codegen/emit/tile-test.js';
import { compileEvaluator, type Expression } from '../../dsl/expression/index.js';
import { pairwiseLoss } from '../../dsl/index.js';
import type { MaskedPair } from '../../dsl/declaration.js';

const run = promisify(execFile);

type Mask = (pair: MaskedPair) => boolean;

const masks: readonly Mask[] = [
  ({ row, col }) => row.index !== col.index,
  ({ row, col }) => row.index !== col.index || row.view !== col.view,
  ({ row, col }) => Math.floor(row.index / 4) !== Math.floor(col.index / 4),
  ({ row, col }) => Math.floor((row.index - 9) / 4) !== Math.floor(col.index / 4),
  ({ row, col }) => row.index % 5 !== col.index % 5,
  ({ row, col }) => col.index <= row.index + 3,
  ({ row, col }) => !(col.index - row.index > 2 && row.index >= 4),
  ({ row, col }) => -row.index * 2 + 7 < col.index,
  ({ row, col }) => (row.index === 3) === (col.index === 3) || row.view === 1,
  ({ positive, row, col }) => positive || row.index > col.index,
  ({ logit, row, col }) => logit < 2 || row.index > col.index,
  ({ row, col }) => Math.max(row.index, col.index) < 12,
  ({ logit }) => logit < 2,
];

const edge = 4;
const tiles = 5;
const split = 9;
/** Tiles whose rows are all queries: the first ones. */
const withinQueries = Math.floor(split / edge) * tiles;

test('a tile that is called plain has no pair that a mask leaves out', async (t) => {
  const emitted = masks.map((counts) => maskOf(counts));
  const verdicts = await compiledVerdicts(emitted.map(({ text }) => text));
  emitted.forEach(({ expression }, k) => {
    const holds = compileEvaluator(expression);
    for (let tile = 0; tile < tiles * tiles; tile += 1) {
      const pairs = pairsOf(Math.floor(tile / tiles), tile % tiles);
      if (verdicts[k]?.[tile] !== true) continue;
      for (const pair of pairs) t.is(holds(pair), 1, `mask ${k}, tile ${tile}, row ${pair.row.index}, column ${pair.col.index}`);
    }
  });
  // Of tiles within one tensor all is told that can be.
  for (const k of [0, 1, 2, 5]) {
    const { expression } = emitted[k] ?? {};
    const told = verdicts[k]?.slice(0, withinQueries).filter((verdict) => verdict).length;
    t.is(told, expression === undefined ? -1 : untouched(expression), `mask ${k}`);
  }
  t.false(verdicts.at(-1)?.some((verdict) => verdict), 'what depends on logits is not known');
});

/** Tiles of the queries' rows in which the mask leaves out no pair. */
function untouched(expression: Expression): number {
  const holds = compileEvaluator(expression);
  return Array.from({ length: withinQueries }, (_, tile) => tile).filter((tile) => pairsOf(Math.floor(tile / tiles), tile % tiles).every((pair) => holds(pair) === 1)).length;
}

function maskOf(counts: Mask): { readonly expression: Expression; readonly text: string } {
  const loss = pairwiseLoss('masked', { logit: ({ dot }) => dot, rows: { counts } });
  if (loss.rows?.counts === undefined) throw new Error('the mask is gone');
  return { expression: loss.rows.counts, text: emitTileTest(loss, 'static inline') };
}

/** Rows are stacked, so that views change within a tile; columns are all of the queries. */
function pairsOf(rowTile: number, colTile: number) {
  const numbers = (tile: number) => Array.from({ length: edge }, (_, i) => tile * edge + i);
  return numbers(rowTile).flatMap((row) =>
    numbers(colTile).map((col) => ({
      ...{ dot: 3, logit: 3, positive: false },
      row: { index: row < split ? row : row - split, view: row < split ? 0 : 1 },
      col: { index: col, view: 0 },
    })),
  );
}

async function compiledVerdicts(texts: readonly string[]): Promise<readonly (readonly boolean[])[]> {
  const functions = texts.map((text, k) => `namespace mask${k} {\n${text}\n}`);
  const calls = texts.map((_, k) => `for (int r = 0; r < ${tiles}; ++r) for (int c = 0; c < ${tiles}; ++c) std::putchar(mask${k}::tile_is_plain(rows(r), cols(c)) ? '1' : '0'); std::putchar('\\n');`);
  const source = `#include <cstdio>
struct TileRange { int index_low, index_high, view_low, view_high; };
${functions.join('\n')}
static TileRange cols(int tile) { return {tile * ${edge}, tile * ${edge} + ${edge - 1}, 0, 0}; }
static TileRange rows(int tile) {
  const int first = tile * ${edge}, last = first + ${edge - 1};
  if (last < ${split}) return {first, last, 0, 0};
  if (first >= ${split}) return {first - ${split}, last - ${split}, 1, 1};
  return {0, ${tiles * edge}, 0, 1};
}
int main() { ${calls.join('\n')} }
`;
  const directory = await mkdtemp(path.join(tmpdir(), 'infinitile-tiles-'));
  try {
    await writeFile(path.join(directory, 'tiles.cpp'), source);
    await run('c++', ['-std=c++17', '-O1', '-o', 'tiles', 'tiles.cpp'], { cwd: directory });
    const { stdout } = await run(path.join(directory, 'tiles'));
    return stdout.trim().split('\n').map((line) => line.split('').map((digit) => digit === '1'));
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
