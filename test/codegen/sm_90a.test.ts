import test from 'ava';
import fc from 'fast-check';
import { compileProgram } from '../../codegen/compile.js';
import { bind, unshared, unstacked } from '../../codegen/plan/bind.js';
import { evaluateExtent, type Shape } from '../../codegen/plan/extent.js';
import { lower } from '../../codegen/plan/lower.js';
import type { Plan, SoftmaxMode } from '../../codegen/plan/plan.js';
import { cpuTargets } from '../../codegen/targets/cpu/index.js';
import { sm80 } from '../../codegen/targets/sm_80/index.js';
import { sm90a } from '../../codegen/targets/sm_90a/index.js';
import { limits } from '../../codegen/targets/sm_90a/limits.js';
import { isAbreast, passesOf, sharers } from '../../codegen/targets/sm_90a/passes.js';
import type { Problem, ResolvedTiling, TargetKernels } from '../../codegen/targets/target.js';
import type { BlockLevel, Tiling } from '../../dsl/tiling.js';
import { clip, infoNCE, siglip, supCon, type PairwiseLoss, type Precision } from '../../runtime/index.js';
import { featureLosses } from './feature-losses.js';
import { every } from './losses.js';

const problem = (dim: number, precision: Precision = 'bf16', softmax: SoftmaxMode = 'bounded', loss: PairwiseLoss = clip): Problem => ({ loss, dim, precision, softmax });
const tilingOf = (levels: Omit<Tiling, 'kind' | 'name'> = {}): Tiling => ({ kind: 'tiling', name: 'test', ...levels });
const block = (knobs: Partial<BlockLevel>): BlockLevel => ({ rows: 128, cols: 128, depth: 64, ...knobs });

/** Where a panel stays and where it streams; whole vectors and none. */
const depths = [1, 7, 64, 100, 256, 512, 768, 769, 1024, 1152, 4096];
const softmaxModes: readonly SoftmaxMode[] = ['bounded', 'running'];

/** Of an H100 or H200, of a PCIe H100, of a slice of one, and fewer than a cluster has blocks. */
const workersTried = [132, 114, 7, 1];
const consumerThreads = 256;
const mostVectorThreads = 1024;
const threeRoles = new Set(['stats', 'gradient', 'weights', 'guide', 'accumulateQueries', 'accumulateKeys']);

function resolved(given: Problem, tiling: Tiling = tilingOf()): ResolvedTiling {
  const { tiling: made, diagnostics } = sm90a.resolve(given, tiling);
  if (made === undefined) throw new Error(diagnostics.map(({ message }) => message).join('\n'));
  return made;
}

/** What is wrong with a plan: threads, shared memory, grids, and the default workspace. */
function mistakesOf(plan: Plan, tiling: ResolvedTiling): readonly string[] {
  const passes = passesOf(tiling);
  const clusterOf = (name: string): number => ({ stats: passes.stats, gradient: passes.gradient, weights: passes.gradient, guide: passes.guide })[name]?.cluster ?? (threeRoles.has(name) ? passes.accumulate.cluster : 1);
  const mistakes: string[] = [];
  const expect = (right: boolean, message: string): void => {
    if (!right) mistakes.push(message);
  };
  for (const { name, sharedBytes, threads } of plan.kernels) {
    expect(sharedBytes <= limits.sharedBytes, `${name} takes ${sharedBytes} bytes of shared memory`);
    expect(threeRoles.has(name) ? threads === consumerThreads + 128 : threads <= mostVectorThreads && threads % 32 === 0, `${name} has ${threads} threads`);
  }
  for (const workers of workersTried) {
    for (const [n, m] of [[1 << 20, 1 << 20], [1, 1], [1000, 300]] as const) {
      const { shape, chunk, workspaceBytes } = bind(plan, { n, m, workers, ...unstacked });
      expect(workspaceBytes <= sm90a.defaultWorkspace, `${n} x ${m}, ${workers} workers: ${workspaceBytes} bytes of workspace`);
      for (const { name, grid } of plan.kernels) {
        const blocks = evaluateExtent(grid, { ...shape, ...chunk });
        expect(Number.isInteger(blocks) && blocks >= 1 && blocks % clusterOf(name) === 0, `${n} x ${m}, ${workers} workers: ${name} has ${blocks} blocks, in clusters of ${clusterOf(name)}`);
      }
    }
  }
  return mistakes;
}

for (const precision of sm90a.precisions) {
  test(`defaults for ${precision} fit the GPU and the default workspace, at any depth`, (t) => {
    for (const dim of depths)
      for (const softmax of softmaxModes)
        for (const loss of [clip, infoNCE, siglip, supCon, every]) {
          const given = problem(dim, precision, softmax, loss);
          const tiling = resolved(given);
          t.deepEqual(mistakesOf(lower(given, sm90a, tiling), tiling), [], `${loss.name}, D = ${dim}, ${softmax}`);
        }
  });

  test(`whatever a loss asks for, defaults for ${precision} fit the GPU and the default workspace`, (t) => {
    for (const loss of featureLosses)
      for (const dim of [7, 100, 512, 1024])
        for (const softmax of softmaxModes)
          for (const reports of [false, true]) {
            const given: Problem = { ...problem(dim, precision, softmax, loss), guideDim: 768, reports };
            const tiling = resolved(given);
            t.deepEqual(mistakesOf(lower(given, sm90a, tiling), tiling), [], `${loss.name}, D = ${dim}, ${softmax}${reports ? ', reports' : ''}`);
          }
  });
}

test('a panel stays, or a part of it, where the depth leaves room, and streams where it does not or has planes; blocks share copies where it pays', (t) => {
  const panelsOf = (dim: number, precision: Precision): readonly string[] => {
    const { stats, gradient } = passesOf(resolved(problem(dim, precision)));
    return [stats, gradient].map(({ panel, cluster, cols, groupCols }) => `${panel}, ${cols / groupCols} consumers, cluster ${cluster}`);
  };
  const resident = 'resident, 1 consumers, cluster 1';
  const shared = 'resident, 1 consumers, cluster 2';
  const streamed = 'streamed, 2 consumers, cluster 2';
  for (const dim of [1, 64, 384]) t.deepEqual(panelsOf(dim, 'bf16'), [resident, resident], `D = ${dim}`);
  for (const dim of [385, 512]) t.deepEqual(panelsOf(dim, 'bf16'), [shared, resident], `D = ${dim}`);
  // Where a tile waits for more than products, or is the tiling's own, each block copies for itself.
  const alone = [problem(512, 'bf16', 'running'), problem(512, 'bf16', 'bounded', siglip), problem(512, 'bf16', 'bounded', every)];
  for (const given of alone) t.is(passesOf(resolved(given)).stats.cluster, 1, given.loss.name);
  t.is(passesOf(resolved(problem(512, 'bf16'), tilingOf({ block: block({ rows: 128, cols: 96 }) }))).stats.cluster, 1);
  const split = 'split, 1 consumers, cluster 1';
  for (const dim of [513, 768, 1280]) t.deepEqual(panelsOf(dim, 'f16'), [split, split], `D = ${dim}`);
  for (const dim of [1281, 4096]) t.deepEqual(panelsOf(dim, 'f16'), [streamed, streamed], `D = ${dim}`);
  t.deepEqual(panelsOf(64, 'f32'), [streamed, streamed]);
});

/** Tilings whose parts differ: of turns and shares, panels that stay and stream, clusters of each size. */
const partsTried: readonly { readonly title: string; readonly given: Problem; readonly tiling?: Tiling }[] = [
  { title: 'a panel that stays', given: problem(512) },
  { title: 'a panel of which a part stays', given: problem(768) },
  { title: 'panels that are walked abreast', given: problem(1152) },
  { title: 'panels that stream past a cluster', given: problem(2048) },
  { title: 'clusters in turns', given: problem(1152), tiling: tilingOf({ block: block({ stages: 6, cluster: 2, panel: 'split' }) }) },
  { title: 'planes', given: problem(512, 'f32', 'running') },
  { title: 'all terms, reports', given: { ...problem(100, 'bf16', 'running', every), reports: true } },
  { title: 'a small tile that a cluster streams', given: problem(512), tiling: tilingOf({ block: block({ rows: 64, cols: 64, cluster: 2, panel: 'streamed' }) }) },
  { title: 'a narrow panel of few rows', given: problem(64), tiling: tilingOf({ block: block({ rows: 64, cols: 32 }) }) },
];

interface Sizes {
  readonly chunkRows: number;
  readonly chunkCols: number;
  readonly rows: number;
  readonly cols: number;
  readonly workers: number;
}

/** A chunk, one no larger, and any number of multiprocessors. */
const sizes: fc.Arbitrary<Sizes> = fc
  .record({ chunkRows: fc.integer({ min: 1, max: 40_000 }), chunkCols: fc.integer({ min: 1, max: 80_000 }), workers: fc.oneof(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 300 })) })
  .chain((chunk) => fc.record({ rows: upTo(chunk.chunkRows), cols: upTo(chunk.chunkCols) }).map((part) => ({ ...chunk, ...part })));

function upTo(most: number): fc.Arbitrary<number> {
  return fc.oneof(fc.integer({ min: 1, max: most }), fc.constant(most), fc.constant(1));
}

function shapeOf({ chunkRows, chunkCols, rows, cols, workers }: Sizes): Shape {
  return { ...unshared, n: chunkRows, m: chunkCols, chunkRows, chunkCols, row0: 0, col0: 0, rows, cols, workers };
}

/** How many clusters have part in each panel, as templates/sm_90a/_walk.hbs shares a chunk's tiles out. */
function sharingOf(rowSteps: number, panelSteps: number, clusters: number, abreast: boolean, resident: boolean): readonly number[] {
  const left = panelSteps % clusters;
  const more = !resident && 10 * left >= 9 * clusters ? 1 : left === 0 || 2 * left >= clusters ? 0 : -1;
  const whole = abreast ? Math.min(panelSteps, Math.max(Math.floor(panelSteps / clusters) + more, 0) * clusters) : 0;
  const inLine = panelSteps - whole;
  const clusterOf = (tile: number): number => Math.floor(((tile + 1) * clusters - 1) / (rowSteps * inLine));
  return Array.from({ length: panelSteps }, (_, panel) => (panel < whole ? 1 : clusterOf((panel - whole + 1) * rowSteps - 1) - clusterOf((panel - whole) * rowSteps) + 1));
}

for (const { title, given, tiling } of partsTried) {
  test(`buffers hold the partial sums of a chunk and of any smaller: ${title}`, (t) => {
    const { rowPartials, colPartials, scalarPartials, gradient }: TargetKernels = sm90a.describe(given, resolved(given, tiling));
    fc.assert(
      fc.property(sizes, (drawn) => {
        const at = shapeOf(drawn);
        const whole = shapeOf({ ...drawn, rows: drawn.chunkRows, cols: drawn.chunkCols });
        for (const { parts, pitch, count } of [rowPartials, colPartials]) fitsIn(evaluateExtent(parts, at) * evaluateExtent(pitch, at), evaluateExtent(count, whole));
        for (const each of [scalarPartials.stats, scalarPartials.gradient]) fitsIn(evaluateExtent(each, at), evaluateExtent(scalarPartials.most, whole));
        fitsIn(drawn.rows * evaluateExtent(gradient.pitch, whole), evaluateExtent(gradient.count, whole));
        // Vectors of parts do not overlap.
        fitsIn(drawn.rows, evaluateExtent(rowPartials.pitch, at));
        fitsIn(drawn.cols, evaluateExtent(colPartials.pitch, at));
      }),
      { numRuns: 1000 },
    );
    t.pass();
  });

  test(`no panel is shared by more clusters than its columns have parts for: ${title}`, (t) => {
    const made = resolved(given, tiling);
    const { kernels, rowPartials, colPartials } = sm90a.describe(given, made);
    const tile = passesOf(made).stats;
    const { stats } = kernels;
    if (stats === undefined) return t.fail();
    const [together, cluster] = [sharers(tile), tile.cluster];
    fc.assert(
      fc.property(sizes, (drawn) => {
        const at = shapeOf(drawn);
        const rowSteps = Math.ceil(drawn.rows / (tile.rows * together));
        const panelSteps = Math.ceil((drawn.cols * together) / (tile.cols * cluster));
        const clusters = evaluateExtent(stats.grid, at) / cluster;
        const slots = (8 * tile.groupCols * together) / tile.cols;
        for (const sharing of sharingOf(rowSteps, panelSteps, clusters, isAbreast(given, 'stats', tile), tile.panel === 'resident')) fitsIn(sharing * slots, evaluateExtent(colPartials.parts, at));
        fitsIn((panelSteps * cluster * tile.cols) / (together * tile.groupCols), evaluateExtent(rowPartials.parts, at));
        fitsIn(clusters, rowSteps * panelSteps);
      }),
    );
    return t.pass();
  });
}

function fitsIn(needed: number, room: number): void {
  if (!(needed <= room)) throw new Error(`${needed} of ${room}`);
}

test('a kernel takes each parameter once', (t) => {
  for (const loss of [clip, siglip, ...featureLosses]) {
    for (const reports of [false, true]) {
      const given = { ...problem(100, 'f32', 'running', loss), reports };
      for (const { name, parameters } of Object.values(sm90a.describe(given, resolved(given)).kernels)) {
        t.is(new Set(parameters.map((parameter) => parameter.name)).size, parameters.length, `${loss.name}: ${name}`);
      }
    }
  }
});

test('16-bit inputs in whole 16-byte chunks are read in place, all others are packed', (t) => {
  const packs = (dim: number, precision: Precision): number => sm90a.describe(problem(dim, precision), resolved(problem(dim, precision))).packs.length;
  t.is(packs(512, 'bf16'), 0);
  t.is(packs(72, 'f16'), 0);
  t.is(packs(100, 'bf16'), 2);
  t.is(packs(512, 'f32'), 2);
});

test('sources state the shared memory that their plan asks for', (t) => {
  for (const [dim, precision] of [[512, 'bf16'], [1024, 'bf16'], [100, 'f32']] as const) {
    const { plan, files } = compileProgram({ loss: clip, dim, precision, softmax: 'bounded', tiling: tilingOf(), target: sm90a });
    for (const { name, file, sharedBytes } of plan.kernels.filter((kernel) => threeRoles.has(kernel.name))) {
      t.true(files.find(({ path }) => path === file)?.text.includes(`constexpr int kSharedBytes = ${sharedBytes};`), `${name}, D = ${dim}, ${precision}`);
    }
  }
});

interface Refusal {
  readonly title: string;
  readonly given?: Problem;
  readonly tiling: Omit<Tiling, 'kind' | 'name'>;
  readonly message: string;
  readonly hint: string;
  readonly code?: string;
}

const refusals: readonly Refusal[] = [
  {
    title: 'rows of one and a half products',
    tiling: { block: block({ rows: 96 }) },
    message: 'block.rows is 96; a warp group of sm_90a multiplies 64 rows at a time, and holds the sums of one or two such products',
    hint: 'Take 64 or 128.',
  },
  {
    title: 'columns of no whole groups',
    tiling: { block: block({ cols: 40 }) },
    message: 'block.cols is 40; a product of sm_90a has at most 256 columns, whose sums are worked on 32 at a time',
    hint: 'Take a multiple of 32, up to 256.',
  },
  {
    title: 'more columns than a product has',
    tiling: { block: block({ rows: 64, cols: 288 }) },
    message: 'block.cols is 288; a product of sm_90a has at most 256 columns, whose sums are worked on 32 at a time',
    hint: 'Take a multiple of 32, up to 256.',
  },
  {
    title: 'half a row of the swizzle',
    tiling: { block: block({ depth: 32 }) },
    message: "block.depth is 32; a k-step of sm_90a is a row of shared memory's swizzle, 64 numbers of 16 bits",
    hint: 'Take 64.',
  },
  { title: 'a single stage', tiling: { block: block({ stages: 1 }) }, message: 'block.stages is 1: one k-step of operands is read while the next arrives', hint: 'Take 2 or more.' },
  { title: 'groups of row tiles', tiling: { block: block({ group: 2 }) }, message: 'block.group is 2; blocks of sm_90a walk down the rows of one panel of columns after the other', hint: 'Leave it out.' },
  { title: 'a cluster of 4', tiling: { block: block({ cluster: 4 }) }, message: 'block.cluster is 4', hint: 'Take 1 or 2.' },
  {
    title: 'a panel that stays, of a tile that is shared',
    tiling: { block: block({ cols: 256, panel: 'split' }), register: { rows: 128, cols: 128 } },
    message: "register has half of a tile's columns: its warp groups share tiles, and read a panel that is 'split' only in turns",
    hint: "Take 128 x 256, or panel 'streamed'.",
  },
  {
    title: 'a ring of one k-step',
    tiling: { block: block({ stages: 3, panel: 'streamed' }) },
    message: 'block.stages is 3; where warp groups take turns and keys stream, a stage holds a k-step of one operand, and two k-steps are in use at a time',
    hint: 'Take 4 or more.',
  },
  {
    title: 'a part of fewer rows than the block',
    tiling: { block: block({}), register: { rows: 64, cols: 128 } },
    message: "register is 64 x 128; of a block's tile of 128 x 128 a warp group of sm_90a has the whole, in its turn, or one half of the columns",
    hint: 'Take 128 x 128 or 128 x 64.',
  },
  {
    title: 'a quarter of the columns',
    tiling: { block: block({}), register: { rows: 128, cols: 32 } },
    message: "register is 128 x 32; of a block's tile of 128 x 128 a warp group of sm_90a has the whole, in its turn, or one half of the columns",
    hint: 'Take 128 x 128 or 128 x 64.',
  },
  {
    title: 'half of an odd number of groups',
    tiling: { block: block({ cols: 96 }), register: { rows: 128, cols: 32 } },
    message: "register is 128 x 32; of a block's tile of 128 x 96 a warp group of sm_90a has the whole, in its turn, or one half of the columns",
    hint: 'Take 128 x 96.',
  },
  {
    title: 'an instruction of another width',
    tiling: { block: block({}), instruction: { name: 'wgmma.m64n256k16' } },
    message: "sm_90a does not multiply a tile of 128 columns by 'wgmma.m64n256k16'",
    hint: "Its instruction is 'wgmma.m64n128k16'.",
    code: 'INF3102',
  },
  {
    title: 'an instruction of another GPU',
    tiling: { instruction: { name: 'mma.m16n8k16' } },
    message: "sm_90a does not multiply a tile of 128 columns by 'mma.m16n8k16'",
    hint: "Its instruction is 'wgmma.m64n128k16'.",
    code: 'INF3102',
  },
  {
    title: 'a panel of planes that stays',
    given: problem(64, 'f32'),
    tiling: { block: block({ panel: 'resident' }) },
    message: "block.panel is 'resident'; operands of 2 planes are read plane by plane",
    hint: "Take panel 'streamed'.",
  },
  {
    title: 'more sums than registers',
    tiling: { block: block({ cols: 256, panel: 'streamed' }), register: { rows: 128, cols: 256 } },
    message: "sums of 128 x 256 take about 388 registers a thread in pass 'stats'; there are 232",
    hint: 'Take fewer columns, such as 128.',
  },
  {
    title: 'more stages than shared memory',
    given: problem(1024),
    tiling: { block: block({ cols: 256, stages: 8, panel: 'streamed' }), register: { rows: 128, cols: 128 } },
    message: "pass 'stats' takes 393472 bytes of shared memory; a block has 232448",
    hint: 'Take at most 4 stages.',
  },
  {
    title: 'a panel too deep to stay',
    given: problem(1024),
    tiling: { block: block({ panel: 'resident' }) },
    message: "pass 'stats' takes 278672 bytes of shared memory; a block has 232448",
    hint: "Take fewer columns, or panel 'streamed'.",
  },
];

for (const { title, given = problem(512), tiling: levels, message, hint, code = 'INF3101' } of refusals) {
  test(`${title}: refused`, (t) => {
    const { tiling, diagnostics } = sm90a.resolve(given, tilingOf(levels));
    t.is(tiling, undefined);
    t.deepEqual(diagnostics.map((diagnostic) => ({ ...diagnostic })), [{ code, message, hint }]);
  });
}

test('knobs of Hopper are refused by every other target', (t) => {
  const says = (target: typeof sm90a, knobs: Partial<BlockLevel>): readonly string[] => {
    const { diagnostics } = target.resolve(problem(512, 'f32'), tilingOf({ block: block(knobs) }));
    return diagnostics.map(({ message, hint = '' }) => `${message} / ${hint}`).filter((text) => /cluster|panel/.test(text));
  };
  t.deepEqual(says(sm80, { cluster: 2 }), ["block.cluster is 2; blocks of sm_80 work alone, in k-steps / Leave 'cluster' out."]);
  t.deepEqual(says(sm80, { panel: 'resident' }), ["block.panel is resident; blocks of sm_80 work alone, in k-steps / Leave 'panel' out."]);
  t.deepEqual(says(sm80, { cluster: 1, panel: 'streamed' }), []);
  for (const target of cpuTargets) {
    t.deepEqual(says(target, { cluster: 2 }), [`block.cluster is 2, a knob of GPUs: ${target.name} has no shared memory to stage tiles in / Leave 'cluster' out.`]);
    for (const panel of ['resident', 'streamed'] as const) {
      t.deepEqual(says(target, { panel }), [`block.panel is ${panel}, a knob of GPUs: ${target.name} has no shared memory to stage tiles in / Leave 'panel' out.`]);
    }
  }
});
