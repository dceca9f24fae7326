import { readFile } from 'node:fs/promises';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { compileTargets, libraryNames, type TargetPrograms } from '../../codegen/embed/c/index.js';
import { bindTiles } from '../../codegen/plan/bind-tiles.js';
import { bindWithin } from '../../codegen/plan/bind-within.js';
import type { RingWalk, Step } from '../../codegen/plan/plan.js';
import { layOut } from '../../codegen/ring/layout.js';
import type { Pass } from '../../codegen/ring/schedule.js';
import type { Program } from '../../codegen/compile.js';
import type { NativeArg, NativeCommand } from '../../runtime/addon.js';
import { DeviceBuffers } from '../../runtime/device-buffers.js';
import { Backend } from '../../runtime/device/backend.js';
import { givenValues } from '../../runtime/execute.js';
import { clip, connectLocal, gist, indexMap, pairwiseLoss, siglip, softmax, supCon, targetNamed, tiling, type Communicator } from '../../runtime/index.js';
import { relatePositives } from '../../runtime/positives.js';
import { countOf, rankShape, segmentsOf, type RankShape } from '../../runtime/ring/rank-shape.js';
import { RingBuffers } from '../../runtime/ring/ring-buffers.js';
import { joinRing } from '../../runtime/ring/ring-group.js';
import { partsOfPass } from '../../runtime/ring/ring-pass.js';
import { extremesOf, logitRange, runScalars, uniformsOf } from '../../runtime/scalars.js';
import { exactRange, softmaxRange } from '../../runtime/softmax-range.js';
import type { RingKernel } from '../support/ring-kernel.js';
import { given, requestOf } from './support/exported-case.js';
import { writeLibrary } from './support/library.js';
import { run } from './support/run.js';
import { buildDriver, float, multiprocessors } from './support/fake-driver.js';
import { outsideFolder } from './support/folder.js';
import { ringKernel, writeRanks, type RingCase } from './support/ring-case.js';

/*
 * The ring of an exported library's GPU targets against a driver that writes down what it is told: what each rank launches is what a rank
 * launches here, pass by pass. Where things lie is not compared: messages are laid out otherwise, and the tests on a CPU see what is in them.
 * And where a rank's GPU fails, all ranks go the same way until all have heard of it.
 */

interface LaunchCase extends RingCase {
  readonly target: 'sm_80' | 'sm_90a';
  readonly capability: string;
}

const chunks = tiling('chunks', (t) => t.chunk({ rows: 256, cols: 256 }));
const cases: readonly LaunchCase[] = [
  { name: 'clip, a tile in one chunk', loss: clip, precision: 'bf16', queries: 700, keys: 700, dim: 64, params: { logScale: 2.6 }, ranks: 2, target: 'sm_90a', capability: '90' },
  { name: 'clip in chunks', loss: clip, precision: 'bf16', queries: 1500, keys: 1500, dim: 64, params: { logScale: 2.6 }, ranks: 3, tiling: chunks, target: 'sm_90a', capability: '90' },
  { name: 'siglip, rows apart', loss: siglip, precision: 'f16', queries: 90, keys: 170, dim: 64, params: { logScale: 2.3, bias: -10 }, ranks: 3, strideMore: 3, target: 'sm_80', capability: '86' },
];

const label = Int32Array.from({ length: 60 }, (_, i) => i % 7);

/** Ranks write which rows have a positive, and ask all columns for one. */
const skipsRows = pairwiseLoss('skips_rows', { params: ['scale'], positives: indexMap, logit: ({ dot, params }) => params.scale * dot, rows: softmax({ unmatched: 'skip' }), cols: softmax() });
const columns = (count: number) => Int32Array.from({ length: 60 }, (_, row) => (row === 59 ? -1 : row % count));
const mapped: LaunchCase = { name: 'an index map', loss: skipsRows, precision: 'f32', queries: 60, keys: 40, dim: 32, params: { scale: 8 }, positives: columns(40), ranks: 3, target: 'sm_80', capability: '80' };

/** Of every kind of stage, and of what a rank does where one begins. */
const failing: readonly LaunchCase[] = [
  { name: 'clip, a tile in one chunk', loss: clip, precision: 'bf16', queries: 70, keys: 70, dim: 64, params: { logScale: 2.6 }, ranks: 2, target: 'sm_90a', capability: '90' },
  mapped,
  { name: 'supCon, rows that are counted', loss: supCon, precision: 'f32', queries: 60, keys: 0, dim: 32, params: { logScale: 2 }, rows: { label }, cols: { label }, ranks: 2, strideMore: 4, target: 'sm_80', capability: '80' },
  { name: 'masks that read positives of columns', loss: gist({ margin: 0.1 }), precision: 'f16', queries: 50, keys: 50, dim: 32, params: { logScale: 2 }, ranks: 2, target: 'sm_80', capability: '80' },
  { name: 'siglip', loss: siglip, precision: 'bf16', queries: 40, keys: 60, dim: 32, params: { logScale: 2, bias: -10 }, ranks: 2, target: 'sm_80', capability: '80' },
];
for (const one of failing) test(`${one.name}: all ranks hear of a command that fails on one, whichever it is`, (t) => checkFailures(t, one));

for (const one of failing) test(`${one.name}: all ranks hear of one that cannot enter its device, whenever that is`, (t) => checkEntering(t, one));

test('what all ranks refuse ends their rings, also that of one that cannot write what it has counted', async (t) => {
  const folder = await outsideFolder(t);
  const { env } = await buildRanks(folder, { ...mapped, positives: columns(39) });
  const heard: string[] = [];
  // More than a rank gives before all refuse.
  for (let command = 1; command <= 16; command += 1) heard.push((await failureOf(folder, { ...env, FAKE_CUDA_FAILS: `2 ${command}` })) ?? '');
  const told = heard.filter((words) => words.startsWith('6: rank 1: '));
  t.true(told.length > 0);
  for (const words of heard.slice(told.length)) t.regex(words, /^4: 1 columns without a positive.*$/);
});

for (const one of cases) test(`${one.name}: what each rank launches on ${one.target}`, (t) => checkLaunches(t, one));

async function checkLaunches(t: ExecutionContext, one: LaunchCase): Promise<void> {
  const folder = await outsideFolder(t);
  const { compiled, kernel, env } = await buildRanks(folder, one);
  await run('./ring', [], folder, env);
  const log = (await readFile(path.join(folder, 'log.txt'), 'utf8')).trimEnd().split('\n');

  const { tensors } = kernel.shapeOf(given(one));
  const communicators = connectLocal(tensors.length);
  const expected = await Promise.all(communicators.map((communicator) => launchesOf(one, compiled.ring, communicator, rankShape(one.loss, communicator.rank, tensors))));
  for (const [rank, mine] of expected.entries()) {
    const told = log.filter((line) => line.endsWith(` @${rank + 1}`)).map(withoutPlaces);
    const launches = (lines: readonly string[]) => lines.filter((line) => line.startsWith('launch ') && !line.startsWith('launch norms '));
    const fills = (lines: readonly string[]) => lines.filter((line) => line.startsWith('fill ')).sort();
    t.deepEqual(launches(told), launches(mine), `rank ${rank}`);
    t.deepEqual(fills(told), fills(mine), `rank ${rank}`);
  }
}

/** The second rank's commands fail, each in a run of its own, until there is one more than it gives. In the first attempt a sum leaves the range. */
async function checkFailures(t: ExecutionContext, one: LaunchCase): Promise<void> {
  const folder = await outsideFolder(t);
  const { env } = await buildRanks(folder, one);
  for (let command = 1; ; command += 1) {
    const told = await failureOf(folder, { ...env, FAKE_CUDA_RANGE: '+', FAKE_CUDA_FAILS: `2 ${command}` });
    if (told === undefined) {
      t.notRegex(await readFile(path.join(folder, 'log.txt'), 'utf8'), /^fail$/m, `command ${command} has failed, and no rank has heard of it`);
      break;
    }
    t.regex(told, /^6: rank 1: .*CUDA_ERROR_OF_THE_TEST.*$/, `command ${command}`);
  }
}

/** The same of the calls that enter a rank's device. The first of them make handles and rings; and nothing is left to fail in where a rank hears that its ring is done. */
async function checkEntering(t: ExecutionContext, one: LaunchCase): Promise<void> {
  const folder = await outsideFolder(t);
  const { env } = await buildRanks(folder, one);
  const heard: string[] = [];
  let unheard = 0;
  for (let call = 1; ; call += 1) {
    const told = await failureOf(folder, { ...env, FAKE_CUDA_RANGE: '+', FAKE_CUDA_ENTERS: String(call) });
    if (told !== undefined) heard.push(told);
    else if (/^fail$/m.test(await readFile(path.join(folder, 'log.txt'), 'utf8'))) unheard += 1;
    else break;
  }
  // A rank that is not told how much it needs gives too little.
  const words = /^(?:status 6: the GPU's context: CUDA_ERROR_OF_THE_TEST.*|6: rank \d: the GPU's context: CUDA_ERROR_OF_THE_TEST.*|2: rank \d: workspace_bytes is too small.*)$/;
  for (const [i, told] of heard.entries()) t.regex(told, words, `failure ${i + 1}`);
  for (let rank = 0; rank < one.ranks; rank += 1) t.true(heard.some((told) => told.startsWith(`6: rank ${rank}: `)));
  // Of each rank the ends of three rings, and of its handle.
  t.is(unheard, 4 * one.ranks);
}

/** What all ranks have heard last, or that they were not where the first is; undefined where nothing has failed. */
async function failureOf(folder: string, env: Readonly<Record<string, string>>): Promise<string | undefined> {
  try {
    await run('./ring', [], folder, env);
    return undefined;
  } catch (error) {
    const [, ...lines] = String(error).trimEnd().split('\n');
    const heard = new Set(lines.map((line, rank) => line.replace(`rank ${rank} has status `, '')));
    return [...heard].join('\n');
  }
}

interface Ranks {
  readonly compiled: TargetPrograms;
  readonly kernel: RingKernel;
  /** With which `./ring` finds the driver. */
  readonly env: Readonly<Record<string, string>>;
}

/** Builds the library and the program of its ranks. */
async function buildRanks(folder: string, one: LaunchCase): Promise<Ranks> {
  const { prefix } = libraryNames(one.loss.name);
  const target = targetNamed(one.target);
  if (target === undefined) throw new Error(`${one.target} is no target`);
  const [compiled] = compileTargets(requestOf(one, [one.target]));
  if (compiled === undefined) throw new Error(`nothing was compiled for ${one.target}`);
  await writeLibrary(folder, one, [one.target], true);
  await run('sh', ['-c', `cc -std=c11 -Wall -Wextra -Werror -O1 -fPIC -shared -Iinclude src/${prefix}.c kernels/*.c -lm -ldl -o lib${prefix}.so`], folder);
  const kernel = ringKernel(one);
  await writeRanks(folder, one, kernel, 'cuda');
  await run('cc', ['-std=c99', '-Wall', '-Wextra', '-Werror', '-Wno-unused-function', '-Iinclude', 'ring.c', '-o', 'ring', '-L.', `-l${prefix}`], folder);
  return { compiled, kernel, env: await buildDriver(folder, compiled, one.capability) };
}

function withoutPlaces(line: string): string {
  return line.replace(/ @\d+$/, '').replaceAll(/ ([pt])[1-9]\d*/g, ' $1');
}

/** What the program's rank does: both walks, then forward, then backward. */
async function launchesOf(one: LaunchCase, [bounded, running]: readonly Program[], communicator: Communicator, shape: RankShape): Promise<readonly string[]> {
  if (bounded === undefined) throw new Error('there is no program');
  const { loss, params } = one;
  const { whole } = shape;
  const relation = relatePositives(loss, whole, undefined);
  const extremes = extremesOf(whole, 1 + 2 ** -6, { row: [], col: [] });
  const weights = [relation.rowWeight, relation.colWeight].map(Math.abs).filter((weight) => weight > 0);
  const range = running === undefined ? exactRange : softmaxRange(logitRange(bounded, loss, params, extremes), Math.max(whole.n, whole.m), Math.min(...weights));
  const values = givenValues(runScalars(bounded, loss, params, extremes, relation, range), uniformsOf(bounded, loss, params, whole.n, whole.m));
  const { ring: walks } = bounded.plan;
  if (walks === undefined) throw new Error('the program is for one rank');

  const counts = (side: 'row' | 'col') => shape.tensors.map((_, rank) => countOf(segmentsOf(loss, shape, side, rank)));
  const budget = targetNamed(one.target)?.defaultWorkspace ?? 0;
  const { own, tiles } = bindTiles((m) => bindWithin(bounded.plan, { ...shape, m, workers: multiprocessors }, budget), shape.m, counts('col'));
  const backend = Backend.open('cpu');
  try {
    const { device } = backend;
    const buffers = new DeviceBuffers(device, () => undefined);
    buffers.allocate(bounded, own, new Set(bounded.plan.buffers.map(({ name }) => name)));
    const slots = new RingBuffers(device, buffers, shape, 1);
    slots.largest = [...tiles.values()].reduce((most, tile) => (tile.shape.m > most.shape.m ? tile : most), own);
    const group = await joinRing(communicator, device, { nodes: 1, inFlight: 2 });
    const ring = layOut({ ranks: shape.tensors.length, rows: counts('row'), cols: counts('col') });
    const modules = new Map(bounded.files.map(({ path: file }) => [file, { require: () => undefined, unload: () => undefined }]));
    const linesOf = (pass: Pass, walk: RingWalk, after: readonly Step[]): readonly string[] => {
      const environment = { device, buffers: buffers.all, modules, values };
      const rows = segmentsOf(loss, shape, 'row', shape.rank);
      const parts = partsOfPass({ group, ring, pass, walk, after, bound: own, tiles, rows, colsOf: (rank) => segmentsOf(loss, shape, 'col', rank), environment, slots });
      return [...parts].flatMap((part) => (part.kind === 'command' ? commandLines(part.command) : []));
    };
    const [forward, backward] = [linesOf('forward', walks.forward, walks.terms), linesOf('backward', walks.backward, [])];
    slots.close();
    buffers.close();
    return [...(running === undefined ? [] : forward), ...backward, ...forward, ...backward];
  } finally {
    backend.close();
  }
}

function commandLines(command: NativeCommand): readonly string[] {
  if (command.kind === 'fill') return [`fill p ${command.pattern} ${command.words}`];
  if (command.kind !== 'launch') return [];
  return [['launch', command.name, command.grid, command.threads, command.sharedBytes, ...command.args.map(argumentWord)].join(' ')];
}

function argumentWord(arg: NativeArg): string {
  switch (arg.kind) {
    case 'pointer':
      return arg.buffer === null ? 'p0' : 'p';
    case 'tensorMap': {
      const { rows, cols, planes, pitch, planePitch, boxRows, boxCols } = arg;
      return `t,${[rows, cols, planes, 2 * pitch, 2 * planePitch, boxRows, boxCols, boxCols === 64 ? 3 : 2, 13].join(',')}`;
    }
    case 'i32':
      return `i${arg.value}`;
    case 'f32':
      return `f${float(arg.value)}`;
    case 'bytes':
      return `u${[...arg.value].map(float).join(',')}`;
    case 'input':
      throw new Error('nothing is prepared here');
  }
}
