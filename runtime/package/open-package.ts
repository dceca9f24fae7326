import { availableParallelism } from 'node:os';
import type { PackageDefinition } from '../../codegen/embed/npm/definition.js';
import { targets } from '../../codegen/targets/index.js';
import type { Target } from '../../codegen/targets/target.js';
import { Backend } from '../device/backend.js';
import { runsOn } from '../device/capability.js';
import { cpuFeatures } from '../device/cpu.js';
import { deviceAt, openCuda } from '../device/cuda.js';
import { cpuModel } from '../device/host.js';
import { Kernel } from '../kernel.js';
import { checkOpenOptions } from './check-arguments.js';
import { readDefinition } from './definition.js';
import { noTargetHere, wrongOption } from './errors.js';
import { PackagedArtifacts } from './packaged-artifacts.js';
import { PackagedKernel } from './packaged-kernel.js';

export interface PackageOptions {
  /** 'cpu' unless said. Which of the package's targets runs is chosen on the device. */
  readonly device?: 'cpu' | 'cuda';
  /** With `device: 'cuda'`: its place in the driver's list; 0 unless said. */
  readonly gpu?: number;
  /** With `device: 'cpu'`: one for each core that the process may use, unless said. */
  readonly threads?: number;
}

/**
 * Opens the kernels of a package that `infinitile export --format npm` has written: what the package's own `open` calls. Nothing is
 * compiled.
 *
 * @param folder the package's, with a slash at its end.
 * @throws {InfinitileError} where there is no such device, it runs none of the package's targets, or the package is of another version.
 */
export async function openPackage(folder: URL, options: PackageOptions = {}): Promise<PackagedKernel> {
  const { device, gpu, threads } = checked(options);
  const definition = await readDefinition(folder);
  const backend = device === 'cpu' ? openCpu(folder, definition) : openGpu(folder, definition, gpu);
  try {
    const { loss, dim, guideDim, precision, tiling } = definition;
    const kernel = new Kernel({ loss, dim, inputDim: dim, guideDim, precision, tiling, backend, threads });
    await kernel.load();
    return new PackagedKernel(kernel);
  } catch (error) {
    backend.close();
    throw error;
  }
}

function openCpu(folder: URL, definition: PackageDefinition): Backend {
  const features = cpuFeatures();
  const own = targetsOf(definition, 'cpu');
  const target = own.find(({ requires }) => requires.every((feature) => features.includes(feature)));
  if (target === undefined) throw noTargetHere(definition.name, `this CPU (${cpuModel()})`, own.map(({ name }) => name));
  return Backend.open(target.name, 0, new PackagedArtifacts(folder, definition, undefined));
}

function openGpu(folder: URL, definition: PackageDefinition, ordinal: number): Backend {
  const own = targetsOf(definition, 'cuda');
  if (own.length === 0) throw noTargetHere(definition.name, 'a GPU', []);
  const gpu = deviceAt(ordinal, openCuda());
  const target = own.findLast((candidate) => runsOn(candidate, gpu));
  if (target === undefined) throw noTargetHere(definition.name, `${gpu.name} (compute capability ${gpu.computeMajor}.${gpu.computeMinor})`, own.map(({ name }) => name));
  return Backend.open(target.name, ordinal, new PackagedArtifacts(folder, definition, gpu));
}

/** In the order of the list of targets: the best for a CPU comes first, the best for a GPU last. */
function targetsOf({ targets: packaged }: PackageDefinition, device: Target['device']): readonly Target[] {
  return targets.filter((target) => target.device === device && packaged.some(({ name }) => name === target.name));
}

function checked(options: PackageOptions): Required<PackageOptions> {
  checkOpenOptions(options);
  const { device = 'cpu', gpu, threads } = options;
  const given: string = device;
  if (given !== 'cpu' && given !== 'cuda') throw wrongOption(`device is '${given}'`, "give 'cpu' or 'cuda'");
  if (device === 'cpu' && gpu !== undefined) throw wrongOption('gpu was given', "it goes with device: 'cuda'");
  if (device === 'cuda' && threads !== undefined) throw wrongOption('threads was given', "it goes with device: 'cpu'");
  return { device, gpu: whole('gpu', gpu ?? 0, 0, 65_535), threads: whole('threads', threads ?? availableParallelism(), 1, 4096) };
}

function whole(name: string, value: number, least: number, most: number): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw wrongOption(`${name} is ${value}`, `a whole number from ${least} to ${most}`);
}
