import { createHash } from 'node:crypto';
import { render, renderHtml } from '../../../codegen/emit/render.js';
import { formatBytes } from '../../../codegen/plan/print.js';
import { formatMilliseconds, formatRate } from '../../cli/report.js';
import type { Ranked, TuneResult } from '../result.js';
import { candidatesOf, firstChoice, type Shown } from './candidates.js';
import { commandOf, type Asked } from './command.js';
import { headlineOf } from './headline.js';
import { drawLandscape } from './landscape.js';
import { levelsOf } from './levels.js';
import { legendOf } from './marks.js';
import { drawPlan } from './plan-picture.js';
import { drawPrediction } from './prediction.js';
import { drawRoofline } from './roofline.js';
import { failureRows, passRows, rankedRows, settingRows } from './tables.js';
import { factor, grouped, plural } from './words.js';

/** The report as one page of HTML that needs nothing else: no network, no script to be read. `asked`: of the search, for the command that repeats it. */
export async function renderReport(result: TuneResult, asked: Asked = {}): Promise<string> {
  const { subject, machine, best, usual, timed, untimed, failed, axes } = result;
  const candidates = candidatesOf(result);
  const timedOnes = candidates.filter(({ measured }) => measured !== undefined);
  const landscapes = await Promise.all(
    (timedOnes.length === 0 ? [] : axes).map(async (axis) => ({ says: `Speed by ${axis.level}.${axis.knob}, of ${axis.values.join(', ')}`, svg: await drawLandscape(axis, timedOnes) })),
  );
  const levels = levelsOf(subject, best.tiling);
  const script = render('report', 'script', {});
  return renderHtml('report', 'report', {
    title: `${subject.loss}, D = ${subject.dim}, ${subject.precision}, on ${subject.device}`,
    headline: headlineOf(result),
    winner: best.id,
    chosen: chosen(best),
    version: subject.version,
    figures: figuresOf(result),
    plan: { svg: drawPlan(levels), says: levels.map(({ name, rows, cols, memory }) => `${name} ${rows} by ${cols}, ${memory}`).join('; ') },
    settings: settingRows(best, usual),
    passes: passRows(best.predicted),
    landscapes,
    hasLandscapes: landscapes.length > 0,
    noLandscapes: axes.length === 0 ? 'No knob was open: there was nothing to choose.' : 'Nothing was timed.',
    hasTimed: timedOnes.length > 0,
    prediction: { svg: timedOnes.length === 0 ? '' : await drawPrediction(timedOnes), says: predictionWords(result, timedOnes) },
    roofline: { svg: await drawRoofline(candidates, machine), says: `${machine.name}: ${formatRate(machine.flops)}FLOP/s at most, ${formatRate(machine.memoryBytes)}B/s to and from memory.` },
    legend: legendOf(candidates.flatMap((candidate) => candidate.roles)),
    landscapeLegend: legendOf(timedOnes.flatMap((candidate) => candidate.roles).filter((role) => role !== 'first')),
    ranked: rankedRows(result),
    rankedCaption: `${plural(timed.length, 'candidate')} timed, by their time against the usual tiling’s in the same rounds${untimed.length === 0 ? '' : `; then ${grouped(untimed.length)} that the model put behind, by its expectation`}. The error is the largest against fp64, by what is allowed.`,
    failures: failureRows(failed),
    hasFailures: failed.length > 0,
    subject: subjectRows(result),
    command: commandOf(result, asked),
    script,
    scriptHash: createHash('sha256').update(script).digest('base64'),
  });
}

/** What the best is called: nothing has won where nothing was timed. */
function chosen({ timing }: Ranked): string {
  return timing === undefined ? 'choice' : 'winner';
}

/** The numbers of the headline. */
function figuresOf({ best, usual, timed, untimed, failed, seconds, fromCache }: TuneResult): readonly { readonly name: string; readonly value: string }[] {
  const time = ({ timing, predicted }: Ranked): string => (timing === undefined ? `${formatMilliseconds(predicted.milliseconds)} expected` : formatMilliseconds(timing.ms));
  return [
    { name: `the ${chosen(best)}`, value: time(best) },
    { name: 'the usual tiling', value: time(usual) },
    { name: 'candidates', value: grouped(timed.length + untimed.length + failed.length) },
    { name: 'timed', value: grouped(timed.length) },
    { name: 'failed', value: grouped(failed.length) },
    { name: 'the search took', value: fromCache ? 'nothing: all from the cache' : formatMilliseconds(1000 * seconds) },
  ];
}

/** How good the model's order is: what its first choice reaches. */
function predictionWords(result: TuneResult, candidates: readonly Shown[]): string {
  if (candidates.length === 0) return 'Nothing was timed.';
  const speedOf = (wanted: string | undefined): number | undefined => candidates.find(({ id }) => id === wanted)?.measured?.speed;
  const [first, best] = [speedOf(firstChoice(result)), speedOf(result.best.id)];
  const ratios = candidates.flatMap(({ measured, predicted }) => (measured === undefined ? [] : [measured.ms / predicted.milliseconds]));
  const range = `Measured times are ${factor(Math.min(...ratios))} to ${factor(Math.max(...ratios))} the predicted ones.`;
  if (first === undefined || best === undefined) return `${range} The model’s first choice was not timed.`;
  return `${range} The model’s first choice has ${((100 * first) / best).toFixed(0)} % of the winner’s speed.`;
}

function subjectRows({ subject, effort, seed, seconds, fromCache }: TuneResult): readonly { readonly name: string; readonly value: string }[] {
  const { loss, lossHash, dim, precision, target, device, compiler, version, n, m, workers, workspace } = subject;
  return Object.entries({
    loss: `${loss} (${lossHash.slice(0, 12)})`,
    matrix: `${grouped(n)} queries x ${grouped(m)} keys, D = ${grouped(dim)}, ${precision}`,
    device: `${device}, target ${target}, ${plural(workers, 'worker')}`,
    workspace: `at most ${formatBytes(workspace)}`,
    compilers: `infinitile ${version}, ${compiler}`,
    search: `effort ${effort}, seed ${seed}, ${fromCache ? 'all of it from the cache' : formatMilliseconds(1000 * seconds)}`,
  }).map(([name, value]) => ({ name, value }));
}
