import { parseArgs } from 'node:util';
import { clip, compile, formatBytes, InfinitileError, type Kernel, type RunResult } from 'infinitile';
import pc from 'picocolors';
import { wordnet } from '../strategies/wordnet.js';
import { checkSample, type SampleCheck } from './check.js';
import { encodePairs, type EncodedPairs } from './encode.js';
import { readPairs } from './pairs.js';
import { Stages } from './stages.js';

const count = 16_384;
const dim = 256;
const checkedRows = 256;
/** CLIP starts its temperature at 0.07 (Radford et al. 2021, section 2.5). */
const params = { logScale: Math.log(1 / 0.07) };

/** Bars of the check: fp32 against fp64 at logits up to 14. */
const bars = { lse: 1e-5, gradient: { cpu: 1e-5, cuda: 3e-5 } };

/** The main job: CLIP's loss over WordNet's terms and glosses, forward and backward, checked against fp64. */
async function main(json: boolean, target: string, signal: AbortSignal): Promise<void> {
  const stages = new Stages(signal);
  const say = (label: string, text: string) => process.stdout.write(`${pc.bold(label.padEnd(12))} ${text}\n`);

  const pairs = await readPairs({ count, signal });
  const { queries, keys } = await stages.run('encoding', (onProgress) => encodePairs(pairs, { dim, signal, onProgress }));
  say('data', `${count} (term, gloss) pairs of WordNet, ${dim} dimensions`);

  const kernel = await stages.run('compiling', (onBuild) => compile(clip, { dim, tiling: wordnet, target, signal, onBuild }));
  try {
    describeKernel(kernel, say);
    const started = performance.now();
    const result = await stages.run('loss', (onProgress) => kernel.run({ q: queries, k: keys, params }, { lse: true, signal, onProgress }));
    const seconds = (performance.now() - started) / 1000;
    describeResult(result, seconds, say);
    const check = await stages.run('checking', (onProgress) => checkResult(kernel, result, { queries, keys }, onProgress));
    const gradientBar = bars.gradient[kernel.target.device];
    const passed = check.maxRelativeErrorLse <= bars.lse && check.relativeErrorGradient <= gradientBar;
    say(
      'check',
      `${check.checkedRows} rows and columns in fp64: LSE off by ${check.maxRelativeErrorLse.toExponential(1)} (at most ${bars.lse}), ` +
        `gradients by ${check.relativeErrorGradient.toExponential(1)} (at most ${gradientBar})  ${passed ? pc.green('passed') : pc.red('FAILED')}`,
    );
    if (json) process.stdout.write(`${JSON.stringify(summary(kernel, result, seconds, check))}\n`);
    if (!passed) throw new Error('the check failed: the kernels do not compute this loss to fp32 accuracy');
  } finally {
    kernel.close();
  }
}

function describeKernel(kernel: Kernel, say: (label: string, text: string) => void): void {
  const { chunk, block, register, instruction } = kernel.plan.tiling;
  say('target', `${kernel.target.name}: ${kernel.target.summary}`);
  say(
    'tiling',
    `${kernel.plan.tiling.name}: chunk ${chunk.rows} x ${chunk.cols}, block ${block.rows} x ${block.cols} x ${block.depth}, ` +
      `register ${register.rows} x ${register.cols}, ${instruction.name}`,
  );
  say('sources', kernel.sources.map(({ path, text }) => `${path} (${text.split('\n').length} lines)`).join(', '));
}

function describeResult(result: RunResult, seconds: number, say: (label: string, text: string) => void): void {
  const { q, k, params: scalars } = gradientsOf(result);
  say('loss', `${result.loss.toFixed(6)}  (log ${count} = ${Math.log(count).toFixed(6)} is chance; softmax ${result.softmax})`);
  say('gradients', `|dQ| ${norm(q).toExponential(3)}, |dK| ${norm(k).toExponential(3)}, dlogScale ${(scalars['logScale'] ?? NaN).toExponential(3)}`);
  say('speed', `${seconds.toFixed(2)} s: ${Math.round(count / seconds)} pairs/s, ${gflops(seconds).toFixed(1)} GFLOP/s at 8 N M D`);
  say('memory', `${formatBytes(result.bound.workspaceBytes)} of workspace; the dense matrix and its gradient would take ${formatBytes(denseBytes)}`);
}

async function checkResult(
  kernel: Kernel,
  result: RunResult,
  { queries, keys }: Pick<EncodedPairs, 'queries' | 'keys'>,
  onProgress: (done: number, total: number) => void,
): Promise<SampleCheck> {
  const { rows, cols } = result.lse ?? {};
  if (rows === undefined || cols === undefined) throw new Error('the run returned no LSE to check');
  let done = 0;
  return checkSample({
    loss: kernel.loss,
    params,
    dim,
    q: queries,
    k: keys,
    gradients: gradientsOf(result),
    lse: { rows, cols },
    count: checkedRows,
    onRow: () => onProgress((done += 1), 2 * checkedRows),
  });
}

function summary(kernel: Kernel, result: RunResult, seconds: number, check: SampleCheck): object {
  return {
    pairs: count,
    dim,
    target: kernel.target.name,
    tiling: kernel.plan.tiling.name,
    precision: kernel.plan.precision,
    loss: result.loss,
    seconds,
    gflops: gflops(seconds),
    workspaceBytes: result.bound.workspaceBytes,
    denseBytes,
    ...check,
  };
}

/** Logits and their gradient, fp32. */
const denseBytes = 2 * 4 * count * count;

function gflops(seconds: number): number {
  return (8 * count * count * dim) / seconds / 1e9;
}

function gradientsOf({ gradients }: RunResult): NonNullable<RunResult['gradients']> {
  if (gradients === undefined) throw new Error('the run returned no gradients');
  return gradients;
}

function norm(values: Float32Array): number {
  return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
}

const { values } = parseArgs({ options: { json: { type: 'boolean', default: false }, target: { type: 'string', default: 'cpu' } } });
const interrupt = new AbortController();
process.once('SIGINT', () => {
  interrupt.abort(new Error('interrupted'));
});
try {
  await main(values.json, values.target, interrupt.signal);
} catch (error) {
  const known = error instanceof InfinitileError || interrupt.signal.aborted;
  process.stderr.write(`${error instanceof Error ? (known ? error.message : error.stack) : String(error)}\n`);
  process.exitCode = interrupt.signal.aborted ? 130 : 1;
}
