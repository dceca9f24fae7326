import { compileProgram, type Program } from '../../../codegen/compile.js';
import { cpuTargetFor } from '../../../codegen/targets/cpu/index.js';
import { targetNamed, targets } from '../../../codegen/targets/index.js';
import type { SourceText, Target } from '../../../codegen/targets/target.js';
import { didYouMean, InfinitileError } from '../../../dsl/diagnostics/index.js';
import type { PairwiseLoss } from '../../../dsl/loss.js';
import type { Tiling } from '../../../dsl/tiling.js';
import type { CudaDeviceInfo } from '../../addon.js';
import { runsOn } from '../../device/capability.js';
import { cpuFeatures } from '../../device/cpu.js';
import { openCuda } from '../../device/cuda.js';

/** What is looked at: no device is needed for it. */
export interface Inspected {
  readonly loss: PairwiseLoss;
  readonly target: Target;
  readonly tiling: Tiling;
  readonly program: Program;
}

export type CompileRequest = Omit<Parameters<typeof compileProgram>[0], 'target'>;

export function inspectProgram(request: CompileRequest, target: Target): Inspected {
  return { loss: request.loss, target, tiling: request.tiling, program: compileProgram({ ...request, target }) };
}

/** A target by name, whether or not this machine runs it. `cpu`: the best for this CPU; `cuda`: for this GPU, or the least demanding. */
export function chooseTarget(name: string): Target {
  const found = name === 'cpu' ? cpuTarget() : name === 'cuda' ? cudaTarget() : targetNamed(name);
  if (found !== undefined) return found;
  const known = ['cpu', 'cuda', ...targets.map((target) => target.name)];
  const near = didYouMean(name, known);
  throw new InfinitileError({ code: 'INF7001', message: `there is no target '${name}'${near === '' ? '' : `; ${near}`}`, hint: `there are ${known.join(', ')}` });
}

function cpuTarget(): Target | undefined {
  return cpuTargetFor(cpuFeatures()) ?? targets.find(({ device }) => device === 'cpu');
}

function cudaTarget(): Target | undefined {
  const gpu = firstGpu();
  const runs = gpu === undefined ? undefined : targets.findLast((target) => runsOn(target, gpu));
  return runs ?? targets.find(({ device }) => device === 'cuda');
}

/** Undefined where there is none, or no driver: inspecting needs neither. */
function firstGpu(): CudaDeviceInfo | undefined {
  try {
    return openCuda().devices[0];
  } catch (error) {
    if (error instanceof InfinitileError) return undefined;
    throw error;
  }
}

/** All files of a program, or the one that is named. */
export function chooseFiles({ program: { files } }: Inspected, name: string | undefined): readonly SourceText[] {
  if (name === undefined) return files;
  const found = files.filter(({ path }) => path === name || path.replace(/\.[^.]*$/, '') === name);
  if (found.length > 0) return found;
  throw new InfinitileError({ code: 'INF8001', message: `the program has no file '${name}'`, hint: `it has ${files.map(({ path }) => path).join(', ')}` });
}

/** Texts of several files below each other, each under its name; one file as it is. */
export function joinFiles(files: readonly SourceText[]): string {
  const [only] = files;
  const text = ({ text }: SourceText): string => (text.endsWith('\n') ? text : `${text}\n`);
  if (only !== undefined && files.length === 1) return text(only);
  return files.map((file) => `// ---- ${file.path}\n\n${text(file)}`).join('\n');
}
