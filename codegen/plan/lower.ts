import type { PairwiseLoss } from '../../dsl/loss.js';
import type { Pack, Target, TargetKernels } from '../targets/target.js';
import { times, type Extent } from './extent.js';
import type { Arg, Buffer, Kernel, Plan, Step } from './plan.js';
import { hasSoftmax, positivesForm } from './positives.js';
import type { Problem, ResolvedTiling } from './problem.js';

/** Partial sums over vectors have this many entries, whatever the number of workers, so that results do not depend on it. */
export const vectorPartials = 256;

/** Lowers a loss for a target: section 2 (one pass for both directions) and 3 (recompute into a bounded workspace). */
export function lower(problem: Problem, target: Target, tiling: ResolvedTiling): Plan {
  const kernels = target.describe(problem, tiling);
  const buffers = declareBuffers(problem, kernels);
  const launch = launcher(problem, kernels, new Set(buffers.map((buffer) => buffer.name)));
  return {
    kind: 'plan',
    loss: problem.loss.name,
    target: target.name,
    tiling,
    dim: problem.dim,
    precision: problem.precision,
    softmax: problem.softmax,
    params: problem.loss.params,
    positives: positivesForm(problem.loss),
    buffers,
    kernels: [...Object.values(kernels.kernels), ...kernels.packs.map((pack) => pack.kernel)],
    inspect: [
      launch('norms', { x: at('queries'), count: extent('n'), normPartial: at('queryNorms'), badRowPartial: at('queryBadRows') }),
      launch('norms', { x: at('keys'), count: extent('m'), normPartial: at('keyNorms'), badRowPartial: at('keyBadRows') }),
    ],
    forward: forward(problem, kernels, launch),
    backward: backward(kernels, launch),
  };
}

type Bindings = Readonly<Record<string, Arg>>;
type Launcher = (kernel: string | Kernel, bindings?: Bindings) => Step;

function forward(problem: Problem, { packs, rowTiles, colTiles }: TargetKernels, launch: Launcher): readonly Step[] {
  const { loss } = problem;
  const softmax = hasSoftmax(loss);
  const steps: Step[] = [{ kind: 'fill', buffer: 'scalars', pattern: 0 }];
  for (const side of softmaxSides(loss)) steps.push(fill(`${side}Max`, -Infinity), fill(`${side}Sum`, 0));
  if (softmax) steps.push({ kind: 'fill', buffer: 'outOfRange', pattern: 0 }, launch('positives'));
  const chunk: Step[] = [...packsOf(packs, 'rows', 'stats', launch), launch('stats')];
  if (loss.rows !== undefined) chunk.push(launch('merge', mergeBindings('row', colTiles)));
  if (loss.cols !== undefined) chunk.push(launch('merge', mergeBindings('col', rowTiles)));
  if (loss.pairs !== undefined) chunk.push(launch('reduceScalars'));
  steps.push(loop('cols', [...packsOf(packs, 'cols', 'stats', launch), loop('rows', chunk)]));
  for (const side of softmaxSides(loss)) steps.push(launch('scale', scaleBindings(side)));
  if (softmax) steps.push({ kind: 'guard', buffer: 'outOfRange' });
  return steps;
}

function backward({ packs }: TargetKernels, launch: Launcher): readonly Step[] {
  return [
    { kind: 'fill', buffer: 'scalars', pattern: 0 },
    { kind: 'fill', buffer: 'dQueries', pattern: 0 },
    { kind: 'fill', buffer: 'dKeys', pattern: 0 },
    loop('rows', [
      ...packsOf(packs, 'rows', 'gradient', launch),
      loop('cols', [
        ...packsOf(packs, 'cols', 'gradient', launch),
        launch('gradient'),
        launch('reduceScalars'),
        launch('accumulateQueries'),
        launch('accumulateKeys'),
      ]),
    ]),
  ];
}

function declareBuffers(problem: Problem, kernels: TargetKernels): readonly Buffer[] {
  const { loss, dim, precision, softmax } = problem;
  const scalarCount = 1 + loss.params.length;
  const buffers: Buffer[] = [
    { name: 'queries', role: 'input', element: precision, count: times('n', dim) },
    { name: 'keys', role: 'input', element: precision, count: times('m', dim) },
    { name: 'dQueries', role: 'output', element: 'f32', count: times('n', dim) },
    { name: 'dKeys', role: 'output', element: 'f32', count: times('m', dim) },
    { name: 'scalars', role: 'statistic', element: 'f64', count: scalarCount },
    ...['queryNorms', 'keyNorms'].map((name) => statistic(name, 'f32', vectorPartials)),
    ...['queryBadRows', 'keyBadRows'].map((name) => statistic(name, 'i32', vectorPartials)),
  ];
  const mapped = positivesForm(loss) === 'mapped';
  if (mapped) buffers.push(statistic('positive', 'i32', 'n'));
  if (hasSoftmax(loss)) {
    buffers.push(
      statistic('positiveWeight', 'f32', 'n'),
      statistic('positiveLogit', 'f32', 'n'),
      statistic('positiveLoss', 'f64', vectorPartials),
      statistic('outOfRange', 'i32', 1),
    );
  }
  for (const side of softmaxSides(loss)) {
    const [length, pitch, tiles]: [Extent, Extent, Extent] =
      side === 'row' ? ['n', 'chunkRows', kernels.colTiles] : ['m', 'chunkCols', kernels.rowTiles];
    buffers.push(
      statistic(`${side}Max`, 'f32', length),
      statistic(`${side}Sum`, 'f32', length),
      statistic(`${side}Scale`, 'f32', length),
      statistic(`${side}Loss`, 'f64', vectorPartials),
      workspace(`${side}PartialSum`, 'f32', times(tiles, pitch)),
    );
    if (mapped) buffers.push(statistic(`${side}Weights`, 'f32', length));
    if (softmax === 'running') buffers.push(workspace(`${side}PartialMax`, 'f32', times(tiles, pitch)));
  }
  buffers.push(
    workspace('scalarPartial', 'f32', times(times(kernels.rowTiles, kernels.colTiles), scalarCount)),
    workspace('gradientTile', kernels.gradient.element, kernels.gradient.count),
    ...kernels.workspace,
  );
  return buffers;
}

function softmaxSides(loss: PairwiseLoss): readonly ('row' | 'col')[] {
  return [...(loss.rows === undefined ? [] : (['row'] as const)), ...(loss.cols === undefined ? [] : (['col'] as const))];
}

/** Binds a kernel's parameters by name: the launch's own bindings first, then what every launch in a chunk has. */
function launcher(problem: Problem, kernels: TargetKernels, declared: ReadonlySet<string>): Launcher {
  const common = chunkBindings(problem.dim, kernels);
  return (kernelOrRole, own = {}) => {
    const kernel = typeof kernelOrRole === 'string' ? kernelNamed(kernels, kernelOrRole) : kernelOrRole;
    const args = kernel.parameters.map(({ name }): Arg => {
      const arg = own[name] ?? common[name] ?? at(name);
      return arg.kind === 'buffer' && !declared.has(arg.buffer) ? { kind: 'null' } : arg;
    });
    return { kind: 'launch', kernel: kernel.name, args };
  };
}

function kernelNamed(kernels: TargetKernels, role: string): Kernel {
  const found = Object.entries(kernels.kernels).find(([name]) => name === role);
  if (found === undefined) throw new Error(`the target describes no kernel for '${role}'`);
  return found[1];
}

function chunkBindings(dim: number, kernels: TargetKernels): Bindings {
  const bindings: Record<string, Arg> = {
    queries: at('queries', times('row0', dim)),
    keys: at('keys', times('col0', dim)),
    allQueries: at('queries'),
    allKeys: at('keys'),
    dQueries: at('dQueries', times('row0', dim)),
    dKeys: at('dKeys', times('col0', dim)),
    positive: at('positive', 'row0'),
    positiveWeight: at('positiveWeight', 'row0'),
    rowPitch: extent('chunkRows'),
    colPitch: extent('chunkCols'),
    gradientPitch: extent(kernels.gradient.pitch),
    tiles: extent(times(kernels.rowTiles, kernels.colTiles)),
    uniforms: { kind: 'uniforms' },
  };
  for (const name of ['n', 'm', 'rows', 'cols', 'row0', 'col0', 'threads'] as const) bindings[name] = extent(name);
  for (const name of ['offset', 'sumFloor', 'gradientScale', 'gradientUnscale'] as const) bindings[name] = { kind: 'scalar', name };
  for (const suffix of ['Max', 'Sum', 'Scale']) {
    bindings[`row${suffix}`] = at(`row${suffix}`, 'row0');
    bindings[`col${suffix}`] = at(`col${suffix}`, 'col0');
  }
  return bindings;
}

/** Partials of row sums come one per tile along the columns, and the other way round. */
function mergeBindings(side: 'row' | 'col', tiles: Extent): Bindings {
  const [base, count, pitch] = side === 'row' ? (['row0', 'rows', 'chunkRows'] as const) : (['col0', 'cols', 'chunkCols'] as const);
  return {
    partialMax: at(`${side}PartialMax`),
    partialSum: at(`${side}PartialSum`),
    tiles: extent(tiles),
    pitch: extent(pitch),
    count: extent(count),
    max: at(`${side}Max`, base),
    sum: at(`${side}Sum`, base),
  };
}

function scaleBindings(side: 'row' | 'col'): Bindings {
  return {
    max: at(`${side}Max`),
    sum: at(`${side}Sum`),
    scale: at(`${side}Scale`),
    weights: at(`${side}Weights`),
    lossPartial: at(`${side}Loss`),
    count: extent(side === 'row' ? 'n' : 'm'),
    weight: { kind: 'scalar', name: side === 'row' ? 'rowWeight' : 'colWeight' },
  };
}

function packsOf(packs: readonly Pack[], side: Pack['side'], pass: 'stats' | 'gradient', launch: Launcher): Step[] {
  return packs.filter((pack) => pack.side === side && (pack.neededBy === pass || pack.neededBy === 'both')).map((pack) => launch(pack.kernel));
}

function loop(axis: 'rows' | 'cols', body: readonly Step[]): Step {
  return { kind: 'for', axis, body };
}

function fill(buffer: string, value: number): Step {
  return { kind: 'fill', buffer, pattern: new Uint32Array(new Float32Array([value]).buffer)[0] ?? 0 };
}

function at(buffer: string, offset: Extent = 0): Arg {
  return { kind: 'buffer', buffer, offset };
}

function extent(value: Extent): Arg {
  return { kind: 'extent', value };
}

function statistic(name: string, element: Buffer['element'], count: Extent): Buffer {
  return { name, role: 'statistic', element, count };
}

function workspace(name: string, element: Buffer['element'], count: Extent): Buffer {
  return { name, role: 'workspace', element, count };
}
