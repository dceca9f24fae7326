import Handlebars from 'handlebars';
import { grouped } from './words.js';
import type { DrawnLevel } from './levels.js';

/** Pixels: the room of a level, the largest side of its tile, where its words begin, the height of a line. */
const [width, levelHeight, largestSide, textLeft, lineHeight, margin] = [440, 134, 104, 164, 18, 2];

/** Cells of a grid that are closer than this are not drawn. */
const finestCell = 3;

/** Levels below each other, each with the tiles of the next one inside it; one of them is enlarged to become that one. */
export function drawPlan(levels: readonly DrawnLevel[]): string {
  const height = levels.length * levelHeight - (levelHeight - largestSide) + 2 * margin;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-size="13" fill="var(--ink)">`,
    ...levels.flatMap((level, i) => drawLevel(level, levels[i + 1], levels[i - 1], margin + i * levelHeight)),
    '</svg>',
  ].join('\n');
}

function drawLevel(level: DrawnLevel, inner: DrawnLevel | undefined, outer: DrawnLevel | undefined, top: number): readonly string[] {
  const { w, h } = sizeOf(level);
  const frame = `<rect x="${margin}" y="${px(top)}" width="${px(w)}" height="${px(h)}" fill="var(--tile)" stroke="${outer === undefined ? 'var(--tile-line)' : 'var(--winner)'}" stroke-width="1.5"/>`;
  const words = linesOf(level, outer).map(
    (line, i) => `<text x="${textLeft}" y="${px(top + 12 + i * lineHeight)}"${i === 0 ? ' font-weight="600"' : ' fill="var(--muted)"'}>${Handlebars.escapeExpression(line)}</text>`,
  );
  return [frame, ...(inner === undefined ? [] : drawTiles(level, inner, top)), ...words];
}

/** The tiles of a level, and the way from one of them to where it is drawn large. */
function drawTiles(level: DrawnLevel, inner: DrawnLevel, top: number): readonly string[] {
  const { w, h } = sizeOf(level);
  const [cellW, cellH] = [(w * inner.cols) / level.cols, (h * inner.rows) / level.rows];
  const [right, bottom] = [margin + w, top + h];
  // The last whole one below, so that what leads out of it crosses no other.
  const [x, y] = [margin, top + cellH * Math.max(0, Math.floor(level.rows / inner.rows) - 1)];
  const [shownW, shownH] = [Math.max(cellW, 2), Math.max(cellH, 2)];
  const next = { top: top + levelHeight, right: margin + sizeOf(inner).w };
  return [
    ...steps(margin, right, cellW).map((at) => line(at, top, at, bottom, 'var(--tile-line)')),
    ...steps(top, bottom, cellH).map((at) => line(margin, at, right, at, 'var(--tile-line)')),
    `<path d="M${px(x)},${px(y + shownH)}L${margin},${next.top}H${px(next.right)}L${px(x + shownW)},${px(y + shownH)}Z" fill="var(--winner)" fill-opacity="0.12"/>`,
    line(x + shownW, y + shownH, next.right, next.top, 'var(--winner)'),
    line(x, y + shownH, margin, next.top, 'var(--winner)'),
    `<rect x="${px(x)}" y="${px(y)}" width="${px(shownW)}" height="${px(shownH)}" fill="var(--winner)" fill-opacity="0.35" stroke="var(--winner)"/>`,
  ];
}

/** Where the lines between cells are; none where they would run together. */
function steps(from: number, to: number, cell: number): readonly number[] {
  if (cell < finestCell) return [];
  return Array.from({ length: Math.ceil((to - from) / cell - 0.001) - 1 }, (_, i) => from + (i + 1) * cell);
}

/** Of a tile as it is drawn: its sides to scale, but for the thinnest. */
function sizeOf({ rows, cols }: DrawnLevel): { readonly w: number; readonly h: number } {
  const scale = largestSide / Math.max(rows, cols);
  return { w: Math.max(cols * scale, 6), h: Math.max(rows * scale, 6) };
}

function linesOf({ name, rows, cols, memory, notes }: DrawnLevel, outer: DrawnLevel | undefined): readonly string[] {
  const many = outer === undefined ? 1 : Math.ceil(outer.rows / rows) * Math.ceil(outer.cols / cols);
  return [
    `${name} ${grouped(rows)} × ${grouped(cols)}`,
    memory,
    ...(outer === undefined ? [] : [many === 1 ? `all of the ${outer.name}` : `${grouped(many)} in a ${outer.name}`]),
    ...wrapped(notes, 36),
  ];
}

/** Notes with commas between, in lines of at most so many characters where they can be. */
function wrapped(notes: readonly string[], most: number): readonly string[] {
  const lines: string[] = [];
  for (const note of notes) {
    const longer = `${lines.at(-1) ?? ''}, ${note}`;
    if (lines.length > 0 && longer.length <= most) lines[lines.length - 1] = longer;
    else lines.push(note);
  }
  return lines;
}

function line(x1: number, y1: number, x2: number, y2: number, stroke: string): string {
  return `<line x1="${px(x1)}" y1="${px(y1)}" x2="${px(x2)}" y2="${px(y2)}" stroke="${stroke}"/>`;
}

/** Tenths of a pixel are enough. */
function px(value: number): string {
  return String(Math.round(value * 10) / 10);
}
