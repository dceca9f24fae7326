import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { PairwiseLoss } from '../../../dsl/loss.js';
import type { Precision } from '../../../dsl/problem.js';
import type { Tiling } from '../../../dsl/tiling.js';
import { compileProgram, type Program } from '../../compile.js';
import { compilerVersion, libraryHeader } from '../../emit/header.js';
import { packagePath } from '../../emit/package-path.js';
import { attributeParameter } from '../../emit/places.js';
import { render } from '../../emit/render.js';
import { vectorPartials } from '../../plan/buffers.js';
import { hasSoftmax } from '../../plan/needs.js';
import type { Buffer } from '../../plan/plan.js';
import type { Problem } from '../../plan/problem.js';
import { targets as everyTarget } from '../../targets/index.js';
import type { Processor, Target } from '../../targets/target.js';
import { argumentsOf } from './arguments.js';
import { imageSource, type Image } from './images.js';
import { kernelFiles, renamed, type KernelFiles } from './kernels.js';
import { lossContext, membersOf } from './loss.js';
import { identifierOf, libraryNames, snakeCase, type LibraryNames } from './names.js';
import { launchedKernels, planContext } from './plan.js';
import { bufferName } from './walk.js';

export interface LibraryRequest {
  readonly loss: PairwiseLoss;
  readonly dim: number;
  /** Depth of the guide's embeddings; `dim`, unless said. */
  readonly guideDim?: number;
  readonly precision: Precision;
  readonly tiling: Tiling;
  readonly targets: readonly Target[];
}

/** What the library has for one target. */
export interface TargetPrograms {
  readonly target: Target;
  /** The one with a fixed offset and, of a loss with a softmax, the one with running maxima. */
  readonly programs: readonly Program[];
  readonly kernels: KernelFiles;
}

/** A GPU target's compiled files, by their names. */
export type Images = ReadonlyMap<Target, ReadonlyMap<string, Image>>;

/**
 * The programs of every target, once each, in the order of the list of targets.
 *
 * @throws {InfinitileError} with every reason why a target cannot run the tiling.
 */
export function compileTargets({ loss, dim, guideDim = dim, precision, tiling, targets }: LibraryRequest): readonly TargetPrograms[] {
  const modes = hasSoftmax(loss) ? (['bounded', 'running'] as const) : (['bounded'] as const);
  return everyTarget
    .filter((target) => targets.includes(target))
    .map((target) => {
      const programs = modes.map((softmax) => compileProgram({ loss, dim, guideDim, precision, tiling, target, softmax }));
      return { target, programs, kernels: kernelFiles(programs, target.name, libraryNames(loss.name)) };
    });
}

/**
 * The files of a C library by their path: a header, the plans as C, the kernels of CPUs as C++, those of GPUs as compiled images, and
 * what builds and installs them. Pure: the same request gives the same bytes.
 */
export function emitLibrary(request: LibraryRequest, compiled: readonly TargetPrograms[], images: Images): ReadonlyMap<string, string> {
  return new LibraryEmitter(request, compiled, images).files();
}

class LibraryEmitter {
  readonly #request: LibraryRequest;
  readonly #compiled: readonly TargetPrograms[];
  readonly #images: Images;
  readonly #names: LibraryNames;
  readonly #problem: Problem;
  readonly #header: string;
  readonly #buffers: readonly Buffer[];
  readonly #files = new Map<string, string>();

  constructor(request: LibraryRequest, compiled: readonly TargetPrograms[], images: Images) {
    const { loss, dim, guideDim = dim, precision } = request;
    this.#request = request;
    this.#compiled = compiled;
    this.#images = images;
    this.#names = libraryNames(loss.name);
    this.#problem = { loss, dim, guideDim, precision, softmax: 'bounded' };
    this.#header = libraryHeader(this.#problem, compiled.map(({ target }) => target.name));
    const all = compiled.flatMap(({ programs }) => programs.flatMap(({ plan }) => plan.buffers));
    this.#buffers = [...new Map(all.map((buffer) => [buffer.name, buffer])).values()];
  }

  files(): ReadonlyMap<string, string> {
    const { prefix } = this.#names;
    for (const one of this.#compiled) this.#target(one);
    const context = this.#context();
    for (const part of ['run', 'handle', 'bind', 'bounds', 'loss', 'targets', 'check', 'step']) this.#render(`src/${part}.h`, `${part}.h`, context);
    this.#render(`include/${prefix}.h`, 'header.h', context);
    this.#render(`src/${prefix}.c`, 'library.c', context);
    if (context.hasCpu) this.#render('src/cpu.h', 'cpu.h', context);
    if (context.hasCuda) for (const part of ['driver', 'cuda', 'cuda_handle']) this.#render(`src/${part}.h`, `${part}.h`, context);
    this.#render('CMakeLists.txt', 'CMakeLists.txt', context);
    this.#render(`cmake/${prefix}-config.cmake.in`, 'config.cmake.in', context);
    this.#render('README.md', 'README.md', context);
    this.#files.set('LICENSE', readFileSync(packagePath('LICENSE'), 'utf8'));
    return this.#files;
  }

  #target({ target, programs, kernels }: TargetPrograms): void {
    for (const program of programs) this.#render(`src/plan_${this.#idOf(target, program)}.h`, 'plan.h', this.#plan(target, program, kernels));
    for (const file of kernels.files) {
      if (target.device === 'cpu') {
        this.#files.set(kernelPath(target, file.name), renamed(file));
        continue;
      }
      const { cubin, ptx } = this.#imageOf(target, file.name);
      const write = (kind: string, bytes: Uint8Array): void => {
        const symbol = imageSymbol(this.#names, target, file.name, kind);
        this.#files.set(kernelPath(target, file.name.replace(/\.cu$/, `.${kind}.c`)), imageSource(this.#header, symbol, bytes));
      };
      write('cubin', cubin);
      if (ptx !== undefined) write('ptx', ptx);
    }
  }

  #plan(target: Target, program: Program, kernels: KernelFiles): object {
    const { tiling } = this.#request;
    const fileOf = (kernel: string) => {
      const found = program.plan.kernels.find(({ name }) => name === kernel);
      if (found === undefined) throw new Error(`the plan has no kernel '${kernel}'`);
      return kernels.of(program, found.file);
    };
    const places = target.device === 'cuda' ? this.#kernelPlaces(this.#programsOf(target)) : [];
    return planContext(program, {
      problem: { ...this.#problem, softmax: program.plan.softmax },
      id: this.#idOf(target, program),
      prefix: this.#names.prefix,
      chunkIsFixed: tiling.chunk !== undefined,
      host: target.device === 'cpu',
      symbolOf: (kernel) => fileOf(kernel).symbols.get(kernel) ?? kernel,
      placeOf: (kernel) => Math.max(0, places.findIndex(({ name, file }) => name === kernel && file === fileOf(kernel).name)),
      given: (buffer) => this.#isGiven(buffer),
    });
  }

  /** Inputs and outputs, and what lies among the readings. */
  #isGiven({ name, role }: Buffer): boolean {
    return role === 'input' || role === 'output' || (name === 'positive' && this.#request.loss.positives.kind === 'indexMap') || readingNames.includes(name) || normNames.includes(name);
  }

  #programsOf(target: Target): TargetPrograms {
    const found = this.#compiled.find((one) => one.target === target);
    if (found === undefined) throw new Error(`target ${target.name} was not compiled`);
    return found;
  }

  /** Every kernel of a GPU's target once: its file, and the most shared memory that a launch asks for. */
  #kernelPlaces({ programs, kernels }: TargetPrograms): readonly { readonly name: string; readonly file: string; readonly image: number; readonly sharedBytes: number }[] {
    const places = new Map<string, { name: string; file: string; image: number; sharedBytes: number }>();
    for (const program of programs) {
      const launched = launchedKernels(program.plan);
      for (const { name, file: path, sharedBytes } of program.plan.kernels) {
        if (!launched.has(name)) continue;
        const file = kernels.of(program, path);
        const key = `${file.name} ${name}`;
        const known = places.get(key);
        places.set(key, { name, file: file.name, image: kernels.files.indexOf(file), sharedBytes: Math.max(known?.sharedBytes ?? 0, sharedBytes) });
      }
    }
    return [...places.values()];
  }

  #imageOf(target: Target, file: string): Image {
    const image = this.#images.get(target)?.get(file);
    if (image === undefined) throw new Error(`'${file}' of ${target.name} was not compiled`);
    return image;
  }

  #idOf(target: Target, { plan }: Program): string {
    return `${identifierOf(target.name)}_${plan.softmax}`;
  }

  #context() {
    const { loss, dim, guideDim = dim, precision } = this.#request;
    const [first] = this.#compiled;
    const program = first?.programs[0];
    if (program === undefined) throw new Error('a library has one target at least');
    const given = argumentsOf(this.#problem, this.#names, new Set(this.#buffers.map(({ name }) => name)));
    const hostOnly = (['row', 'col'] as const).flatMap((side) => Object.keys(loss.attributes[`${side}s`]).map((name) => attributeParameter(side, name)));
    const uniformCount = Math.max(1, ...this.#compiled.flatMap(({ programs }) => programs.map(({ uniforms }) => uniforms.length)));
    const cpu = this.#compiled.filter(({ target }) => target.device === 'cpu').map((one) => this.#cpuTarget(one));
    const cuda = this.#compiled.filter(({ target }) => target.device === 'cuda').map((one) => this.#cudaTarget(one));
    return {
      ...lossContext(this.#problem, program.plan, given),
      ...this.#names,
      header: this.#header,
      cmakeHeader: this.#header.replaceAll('//', '#'),
      abi: abiVersion,
      version: compilerVersion,
      dim,
      guideDim,
      hasGuide: loss.guide,
      precision,
      type: precision.toUpperCase(),
      inputs: given.inputs,
      headerOutputs: given.outputs,
      uniformCount,
      // A mark, addresses and sizes, the mode, six scalars, the uniforms.
      stateWords: 8 + 3 + Math.ceil(uniformCount / 2),
      stateMark: createHash('sha256').update(`${this.#header} state`).digest('hex').slice(0, 15),
      buffers: [...new Set([...this.#buffers.map(({ name }) => name), ...hostOnly])].map((name) => ({ name: bufferName(name) })),
      partials: vectorPartials,
      readings: membersOf(program.plan, readingNames),
      norms: membersOf(program.plan, normNames),
      kernelsVersion: this.#kernelsVersion(),
      hasCpu: cpu.length > 0,
      hasCuda: cuda.length > 0,
      cpuTargets: cpu,
      cudaTargets: cuda,
      processors: [...new Set(cpu.map(({ processor }) => processor))].map((processor) => ({ pattern: processorNames[processor], cpuTargets: cpu.filter((one) => one.processor === processor) })),
      imageFiles: [...this.#files.keys()].filter((path) => /\.(cubin|ptx)\.c$/.test(path)),
      summaries: this.#compiled.map(({ target: { name, summary } }) => ({ name, summary })),
      commands: this.#commands(),
      device: cpu.length > 0 ? 'cpu' : 'cuda',
      cpuTargetNames: cpu.map(({ name }) => name).join(', '),
      cudaTargetNames: cuda.map(({ name }) => name).join(', '),
      exampleTarget: first?.target.name ?? '',
      mostImages: Math.max(1, ...cuda.map(({ images }) => images.length)),
      mostKernels: Math.max(1, ...cuda.map(({ kernels }) => kernels.length)),
      targets: this.#compiled.map(({ target, programs }) => ({ guard: target.processor === undefined ? false : processorGuard(target.processor), plans: programs.map((own) => `plan_${this.#idOf(target, own)}.h`) })),
    };
  }

  #cpuTarget(one: TargetPrograms) {
    const { target, kernels } = one;
    const { processor } = target;
    if (processor === undefined) throw new Error(`target ${target.name} is for no CPU`);
    return {
      ...this.#targetContext(one),
      processor,
      guard: processorGuard(processor),
      // GCC and Clang write features without `_`; a 64-bit Arm CPU has all that its target asks for.
      features: processor === 'x86_64' ? target.requires.map((feature) => feature.replaceAll('_', '')) : [],
      options: target.compilerOptions,
      sources: kernels.files.map(({ name }) => kernelPath(target, name)),
    };
  }

  #cudaTarget(one: TargetPrograms) {
    const { target, kernels } = one;
    const { capability } = target;
    if (capability === undefined) throw new Error(`target ${target.name} is for no GPU`);
    const [major, minor] = 'least' in capability ? capability.least : capability.exactly;
    const images = kernels.files.map(({ name }) => {
      const { ptx } = this.#imageOf(target, name);
      const symbol = (kind: string): string => imageSymbol(this.#names, target, name, kind);
      return { cubin: symbol('cubin'), ptx: ptx === undefined ? false : symbol('ptx') };
    });
    return { ...this.#targetContext(one), major, minor, exactly: 'exactly' in capability, images, kernels: this.#kernelPlaces(one) };
  }

  #targetContext({ target, programs }: TargetPrograms) {
    const [bounded, running] = programs.map((program) => `${this.#idOf(target, program)}_plan`);
    return { id: identifierOf(target.name), name: target.name, defaultWorkspace: target.defaultWorkspace, bounded, running: running === undefined ? 'NULL' : `&${running}` };
  }

  /** What builds the library without CMake, by the compilers of the machine that it is for. */
  #commands(): readonly string[] {
    const { prefix } = this.#names;
    const targets = this.#compiled.map(({ target }) => target);
    const cpu = targets.filter(({ device }) => device === 'cpu');
    const openMp = cpu.length > 0 ? ' -fopenmp' : '';
    const images = targets.some(({ device }) => device === 'cuda') ? ' kernels/*.c' : '';
    return [
      ...cpu.map(({ name, compilerOptions }) => `c++ -std=c++17 -O3 -fPIC -fopenmp ${compilerOptions.join(' ')} -c kernels/*.${name}.cpp`),
      `cc -std=c11 -O2 -fPIC -shared${openMp} -fvisibility=hidden -Iinclude src/${prefix}.c${images}${cpu.length > 0 ? ' *.o' : ''} -lm -ldl -o lib${prefix}.so`,
    ];
  }

  #kernelsVersion(): string {
    const hash = createHash('sha256');
    for (const { target, kernels } of this.#compiled) for (const { name, text } of kernels.files) hash.update(JSON.stringify([target.name, name, text]));
    return hash.digest('hex');
  }

  #render(path: string, template: string, context: object): void {
    this.#files.set(path, render('embed/c', template, context));
  }
}

/** What a step is read from, and what the look at the inputs leaves: see `step.h`. */
const readingNames: readonly string[] = ['rowLoss', 'colLoss', 'rowParams', 'colParams', 'scalars', 'flags'];
const normNames: readonly string[] = ['queryNorms', 'keyNorms', 'queryBadRows', 'keyBadRows'];

/** `stats.cpp` of x86-64-v3 is `kernels/stats.x86-64-v3.cpp`: objects of all targets may lie in one folder. */
function kernelPath({ name }: Target, file: string): string {
  return `kernels/${file.replace('.', `.${name}.`)}`;
}

/** Of the header's structs and functions. */
const abiVersion = 1;

/** What CMake may call them. */
const processorNames: Readonly<Record<Processor, string>> = { x86_64: '^(x86_64|AMD64|amd64)$', aarch64: '^(aarch64|arm64)$' };

function processorGuard(processor: string): string {
  return `defined(__${processor}__)`;
}

function imageSymbol({ prefix }: LibraryNames, target: Target, file: string, kind: string): string {
  return `${prefix}_${identifierOf(target.name)}_${snakeCase(file.replace(/\.cu$/, ''))}_${kind}`;
}
