import { writeFileSync } from 'node:fs';
import { packagePath } from '../../codegen/emit/package-path.js';
import { render } from '../../codegen/emit/render.js';
import { clip, oneOf, tiling, tune } from '../../runtime/index.js';
import { candidatesOf } from '../../runtime/tune/report/candidates.js';
import { drawLandscape } from '../../runtime/tune/report/landscape.js';
import { levelsOf } from '../../runtime/tune/report/levels.js';
import { drawPlan } from '../../runtime/tune/report/plan-picture.js';
import { drawPrediction } from '../../runtime/tune/report/prediction.js';
import type { TuneResult } from '../../runtime/tune/result.js';
import { readTuneResult } from './tune-result.js';

/**
 * docs/tuning.svg: parts of a report. Run by itself, this module draws them from docs/tuned/clip-256.json; with `--measure` it
 * tunes here first, and keeps that.
 */
export const tunedFile = packagePath('docs', 'tuned', 'clip-256.json');
export const tuningPicture = packagePath('docs', 'tuning.svg');

/** Pixels: of a column, and around the parts. */
const [columnWidth, gap] = [440, 20];

export async function drawTuning(result: TuneResult): Promise<string> {
  const { subject, best, axes } = result;
  const timed = candidatesOf(result).filter(({ measured }) => measured !== undefined);
  const widest = axes.reduce((found, axis) => (axis.values.length > found.values.length ? axis : found));
  const [plan, landscape, prediction] = [drawPlan(levelsOf(subject, best.tiling)), await drawLandscape(widest, timed), await drawPrediction(timed)];
  const [right, below] = [columnWidth + 2 * gap, 2 * gap + heightOf(landscape)];
  const [width, height] = [2 * columnWidth + 3 * gap, gap + Math.max(gap + heightOf(plan), below + heightOf(prediction))];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="sans-serif">`,
    '<title>Parts of a tuning report</title>',
    `<style>${render('report', '_palette', {})}</style>`,
    `<rect width="${width}" height="${height}" fill="var(--surface)"/>`,
    ...[place(plan, gap, gap), place(landscape, right, gap), place(prediction, right, below)],
    '</svg>',
    '',
  ].join('\n');
}

function place(chart: string, x: number, y: number): string {
  return chart.replace(size, `x="${x}" y="${y}" width="${columnWidth}" height="${heightOf(chart)}" viewBox`);
}

/** Of a chart as wide as a column. */
function heightOf(chart: string): number {
  const [, width, height] = size.exec(chart) ?? [];
  return Math.round((columnWidth * Number(height)) / Number(width));
}

const size = /width="([\d.]+)" height="([\d.]+)" viewBox/;

/** A space small enough to be searched whole in minutes, on a CPU with AVX2 or more. */
const space = tiling('sample', (t) => t.chunk({ rows: oneOf(1024, 2048), cols: 2048, workers: 2 }).block({ rows: oneOf(48, 96, 192), cols: oneOf(256, 512, 1024), depth: 256 }).register({ rows: 6, cols: 16 }));

async function measure(): Promise<TuneResult> {
  const { record, ...result } = await tune(clip, { dim: 256, n: 2048, tiling: space, target: 'x86-64-v3', effort: 'full' });
  console.log(`${record.id}: ${result.seconds.toFixed(0)} s`);
  return result;
}

if (process.argv[1] !== undefined && /tuning-picture\.(ts|js)$/.test(process.argv[1])) {
  if (process.argv.includes('--measure')) writeFileSync(tunedFile, `${JSON.stringify(await measure())}\n`);
  writeFileSync(tuningPicture, await drawTuning(readTuneResult(tunedFile)));
}
