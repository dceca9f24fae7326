import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { clip, gist, infoNCE, siglip, supCon } from '../dsl/losses.js';
import type { PairwiseLoss } from '../dsl/loss.js';
import type { Precision } from '../dsl/problem.js';
import { automatic } from '../dsl/tilings.js';
import { compileProgram } from './compile.js';
import { compileTargets, emitLibrary } from './embed/c/index.js';
import { emitStandalone } from './embed/npm/index.js';
import { emitTorch } from './embed/torch/index.js';
import { packagePath } from './emit/package-path.js';
import { printPlan } from './plan/print.js';
import type { SoftmaxMode } from './plan/plan.js';
import { targetNamed } from './targets/index.js';

interface Preset {
  readonly loss: PairwiseLoss;
  readonly target: string;
  readonly precision: Precision;
  readonly dim: number;
  readonly softmax: SoftmaxMode;
}

const forEveryLoss = (rest: Omit<Preset, 'loss'>): readonly Preset[] => [clip, infoNCE, siglip, supCon, gist()].map((loss) => ({ loss, ...rest }));

/**
 * What `generated/` shows: the plainest presets and those that ask most (labels and conditions; stacked tensors and a guide) on
 * a CPU and a GPU target, and each form of inputs and softmax once.
 */
const presets: readonly Preset[] = [
  ...forEveryLoss({ target: 'x86-64-v4', precision: 'f32', dim: 512, softmax: 'bounded' }),
  ...forEveryLoss({ target: 'sm_80', precision: 'bf16', dim: 512, softmax: 'bounded' }),
  ...forEveryLoss({ target: 'sm_90a', precision: 'bf16', dim: 512, softmax: 'bounded' }),
  { loss: clip, target: 'x86-64-v4', precision: 'f32', dim: 512, softmax: 'running' },
  { loss: clip, target: 'x86-64-v3', precision: 'f32', dim: 512, softmax: 'bounded' },
  { loss: clip, target: 'sm_80', precision: 'bf16', dim: 512, softmax: 'running' },
  { loss: clip, target: 'sm_80', precision: 'f32', dim: 512, softmax: 'bounded' },
  { loss: clip, target: 'sm_90a', precision: 'bf16', dim: 512, softmax: 'running' },
  { loss: clip, target: 'sm_90a', precision: 'bf16', dim: 1024, softmax: 'bounded' },
  { loss: clip, target: 'sm_90a', precision: 'f32', dim: 512, softmax: 'bounded' },
];

/** The files of `generated/`, by their path below it. */
export function generatedFiles(): ReadonlyMap<string, string> {
  const files = new Map<string, string>();
  for (const { loss, target: name, precision, dim, softmax } of presets) {
    const target = targetNamed(name);
    if (target === undefined) throw new Error(`'${name}' is no target`);
    const program = compileProgram({ loss, dim, precision, tiling: automatic, target, softmax });
    const folder = `${name}/${loss.name}.${precision}.d${dim}${softmax === 'running' ? '.running' : ''}`;
    files.set(`${folder}/plan.txt`, printPlan(program.plan));
    for (const file of program.files) files.set(`${folder}/${file.path}`, file.text);
  }
  for (const [name, text] of exportedFiles()) files.set(`embed/${name}`, text);
  return files;
}

/**
 * Exports as `infinitile export` writes them: a library without its kernels, which stand above, and what is made of them; packages
 * without the library, and Node's own headers.
 */
function exportedFiles(): ReadonlyMap<string, string> {
  const targets = ['x86-64-v4', 'sm_90a'].map(targetNamed).filter((target) => target !== undefined);
  const request = { loss: clip, dim: 512, precision: 'bf16', tiling: automatic, targets } as const;
  const compiled = compileTargets(request);
  const images = new Map(compiled.map(({ target, kernels }) => [target, new Map(kernels.files.map(({ name }) => [name, { cubin: new Uint8Array() }]))]));
  const library = emitLibrary(request, compiled, images);
  const shown = (folder: string, files: ReadonlyMap<string, string>, without: RegExp): readonly (readonly [string, string])[] =>
    [...files].filter(([name]) => !without.test(name)).map(([name, text]) => [`${folder}/${name}`, text]);
  return new Map([
    ...shown('clip.c', library, /^(kernels\/|LICENSE$)/),
    ...shown('clip.torch', emitTorch(request, library), /^(native\/|LICENSE$)|\/py\.typed$/),
    ...shown('clip.npm', emitStandalone(request, compiled, library), /^(library\/|node-api\/|LICENSE$)/),
  ]);
}

async function generate(): Promise<void> {
  const root = packagePath('generated');
  const files = generatedFiles();
  await rm(root, { recursive: true, force: true });
  for (const [name, text] of files) {
    await mkdir(path.dirname(path.join(root, name)), { recursive: true });
    await writeFile(path.join(root, name), text);
  }
  console.log(`${files.size} files in generated/`);
}

/** The text of a generated file as it is committed; undefined when it is missing. */
export async function committedFile(name: string): Promise<string | undefined> {
  return readFile(packagePath('generated', name), 'utf8').catch(() => undefined);
}

if (process.argv[1] !== undefined && /generate\.(ts|js)$/.test(process.argv[1])) await generate();
