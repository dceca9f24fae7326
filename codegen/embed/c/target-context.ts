import type { Program } from '../../compile.js';
import type { Processor, Target } from '../../targets/target.js';
import type { Image, Images } from './images.js';
import { planVariant } from './kernels.js';
import { identifierOf, snakeCase, type LibraryNames } from './names.js';
import { launchedKernels } from './plan.js';
import { everyProgram, type TargetPrograms } from './programs.js';

/*
 * What `targets.h.hbs` and `CMakeLists.txt.hbs` are given of each target, and how its parts are called.
 */

export function cpuTarget(one: TargetPrograms) {
  const { target, kernels } = one;
  const { processor } = target;
  if (processor === undefined) throw new Error(`target ${target.name} is for no CPU`);
  return {
    ...targetContext(one),
    processor,
    guard: processorGuard(processor),
    // GCC and Clang write features without `_`; a 64-bit Arm CPU has all that its target asks for.
    features: processor === 'x86_64' ? target.requires.map((feature) => feature.replaceAll('_', '')) : [],
    options: target.compilerOptions,
    sources: kernels.files.map(({ name }) => kernelPath(target, name)),
  };
}

export function cudaTarget(one: TargetPrograms, images: Images, names: LibraryNames) {
  const { target, kernels } = one;
  const { capability } = target;
  if (capability === undefined) throw new Error(`target ${target.name} is for no GPU`);
  const [major, minor] = 'least' in capability ? capability.least : capability.exactly;
  const ofFiles = kernels.files.map(({ name }) => {
    const symbol = (kind: string): string => imageSymbol(names, target, name, kind);
    return { cubin: symbol('cubin'), ptx: imageOf(images, target, name).ptx === undefined ? false : symbol('ptx') };
  });
  return { ...targetContext(one), major, minor, exactly: 'exactly' in capability, images: ofFiles, kernels: kernelPlaces(one) };
}

function targetContext({ target, programs, ring }: TargetPrograms) {
  const plans = (own: readonly Program[]): string => [...own.map((program) => `&${planId(target, program)}_plan`), 'NULL'].slice(0, 2).join(', ');
  return { id: identifierOf(target.name), name: target.name, defaultWorkspace: target.defaultWorkspace, alone: plans(programs), ring: plans(ring) };
}

/** A kernel of a GPU's target: the file that holds it, that file's image, and the most shared memory that a launch asks for. */
export interface KernelPlace {
  readonly name: string;
  readonly file: string;
  readonly image: number;
  readonly sharedBytes: number;
}

/** Every kernel that a target's plans launch, once. */
export function kernelPlaces(one: TargetPrograms): readonly KernelPlace[] {
  const { kernels } = one;
  const places = new Map<string, KernelPlace>();
  for (const program of everyProgram(one)) {
    const launched = launchedKernels(program.plan);
    for (const { name, file: path, sharedBytes } of program.plan.kernels) {
      if (!launched.has(name)) continue;
      const file = kernels.of(program, path);
      const key = `${file.name} ${name}`;
      places.set(key, { name, file: file.name, image: kernels.files.indexOf(file), sharedBytes: Math.max(places.get(key)?.sharedBytes ?? 0, sharedBytes) });
    }
  }
  return [...places.values()];
}

export function imageOf(images: Images, target: Target, file: string): Image {
  const image = images.get(target)?.get(file);
  if (image === undefined) throw new Error(`'${file}' of ${target.name} was not compiled`);
  return image;
}

/** What the names of a plan begin with. */
export function planId({ name }: Target, { plan }: Program): string {
  return `${identifierOf(name)}_${planVariant(plan)}`;
}

/** `stats.cpp` of x86-64-v3 is `kernels/stats.x86-64-v3.cpp`: objects of all targets may lie in one folder. */
export function kernelPath({ name }: Target, file: string): string {
  return `kernels/${file.replace('.', `.${name}.`)}`;
}

/** `kind`: cubin or ptx. */
export function imagePath(target: Target, file: string, kind: string): string {
  return kernelPath(target, file.replace(/\.cu$/, `.${kind}.c`));
}

export function imageSymbol({ prefix }: LibraryNames, target: Target, file: string, kind: string): string {
  return `${prefix}_${identifierOf(target.name)}_${snakeCase(file.replace(/\.cu$/, ''))}_${kind}`;
}

/** Where compilers for a family of CPUs see what is for it. */
export function processorGuard(processor: Processor): string {
  return `defined(__${processor}__)`;
}
