import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Program } from '../../compile.js';
import { compilerVersion, libraryHeader } from '../../emit/header.js';
import { packagePath } from '../../emit/package-path.js';
import { attributeParameter } from '../../emit/places.js';
import { render } from '../../emit/render.js';
import { vectorPartials } from '../../plan/buffers.js';
import type { Buffer } from '../../plan/plan.js';
import type { Problem } from '../../plan/problem.js';
import { argumentsOf } from './arguments.js';
import { buildCommands, byProcessor } from './build.js';
import { imageSource, type Images } from './images.js';
import { renamed, type KernelFile } from './kernels.js';
import { bytesOf, lossContext, membersOf } from './loss.js';
import { libraryNames, type LibraryNames } from './names.js';
import { planContext } from './plan.js';
import { everyProgram, type LibraryRequest, type TargetPrograms } from './programs.js';
import { cpuTarget, cudaTarget, imageOf, imagePath, imageSymbol, kernelPath, kernelPlaces, planId, processorGuard } from './target-context.js';
import { bufferName } from './walk.js';

/** Of the header's structs and functions. */
export const abiVersion = 3;

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
    const all = compiled.flatMap((one) => everyProgram(one).flatMap(({ plan }) => plan.buffers));
    this.#buffers = [...new Map(all.map((buffer) => [buffer.name, buffer])).values()];
  }

  files(): ReadonlyMap<string, string> {
    const { prefix } = this.#names;
    for (const one of this.#compiled) this.#target(one);
    const context = this.#context();
    for (const part of parts) this.#render(`src/${part}.h`, `${part}.h`, context);
    this.#render(`include/${prefix}.h`, 'header.h', context);
    this.#render(`include/${prefix}_ring.h`, 'ring_header.h', context);
    this.#render(`src/${prefix}.c`, 'library.c', context);
    if (context.hasCpu) this.#render('src/cpu.h', 'cpu.h', context);
    if (context.hasCuda) for (const part of ['driver', 'cuda', 'cuda_handle']) this.#render(`src/${part}.h`, `${part}.h`, context);
    this.#render('CMakeLists.txt', 'CMakeLists.txt', context);
    this.#render(`cmake/${prefix}-config.cmake.in`, 'config.cmake.in', context);
    this.#render('README.md', 'README.md', context);
    this.#files.set('LICENSE', readFileSync(packagePath('LICENSE'), 'utf8'));
    return this.#files;
  }

  #target(one: TargetPrograms): void {
    const { target, kernels } = one;
    for (const program of everyProgram(one)) this.#render(`src/plan_${planId(target, program)}.h`, 'plan.h', this.#plan(one, program));
    for (const file of kernels.files) {
      if (target.device === 'cpu') this.#files.set(kernelPath(target, file.name), renamed(file));
      else this.#image(one, file);
    }
  }

  #image({ target }: TargetPrograms, { name }: KernelFile): void {
    const { cubin, ptx } = imageOf(this.#images, target, name);
    for (const [kind, bytes] of [['cubin', cubin], ['ptx', ptx]] as const) {
      if (bytes !== undefined) this.#files.set(imagePath(target, name, kind), imageSource(this.#header, imageSymbol(this.#names, target, name, kind), bytes));
    }
  }

  #plan(one: TargetPrograms, program: Program): object {
    const { target, kernels } = one;
    const fileOf = (kernel: string): KernelFile => {
      const found = program.plan.kernels.find(({ name }) => name === kernel);
      if (found === undefined) throw new Error(`the plan has no kernel '${kernel}'`);
      return kernels.of(program, found.file);
    };
    const host = target.device === 'cpu';
    const places = host ? [] : kernelPlaces(one);
    return planContext(program, {
      problem: { ...this.#problem, softmax: program.plan.softmax },
      id: planId(target, program),
      prefix: this.#names.prefix,
      host,
      symbolOf: (kernel) => fileOf(kernel).symbols.get(kernel) ?? kernel,
      placeOf: (kernel) => (host ? 0 : places.findIndex(({ name, file }) => name === kernel && file === fileOf(kernel).name)),
      given: (buffer) => this.#isGiven(buffer),
    });
  }

  /** Inputs and outputs, and what lies among the readings. */
  #isGiven({ name, role }: Buffer): boolean {
    return role === 'input' || role === 'output' || (name === 'positive' && this.#request.loss.positives.kind === 'indexMap') || readingNames.includes(name) || normNames.includes(name);
  }

  #context() {
    const { loss, dim, guideDim = dim, precision } = this.#request;
    const [first] = this.#compiled;
    const program = first?.programs[0];
    if (program === undefined) throw new Error('a library has one target at least');
    const given = argumentsOf(this.#problem, this.#names);
    // What only the host reads has no buffer of the plans; it has a number among them all the same.
    const attributes = (['row', 'col'] as const).flatMap((side) => Object.keys(loss.attributes[`${side}s`]).map((name) => attributeParameter(side, name)));
    const uniformCount = Math.max(1, ...this.#compiled.flatMap((one) => everyProgram(one).map(({ uniforms }) => uniforms.length)));
    const cpu = this.#compiled.filter(({ target }) => target.device === 'cpu').map(cpuTarget);
    const cuda = this.#compiled.filter(({ target }) => target.device === 'cuda').map((one) => cudaTarget(one, this.#images, this.#names));
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
      buffers: [...new Set([...this.#buffers.map(({ name }) => name), ...attributes])].map((name) => ({ name: bufferName(name) })),
      partials: vectorPartials,
      readings: membersOf(program.plan, readingNames),
      askedBytes: bytesOf(program.plan, readingNames),
      norms: membersOf(program.plan, normNames),
      kernelsVersion: this.#kernelsVersion(),
      hasCpu: cpu.length > 0,
      hasCuda: cuda.length > 0,
      cpuTargets: cpu,
      cudaTargets: cuda,
      processors: byProcessor(cpu),
      severalProcessors: byProcessor(cpu).length > 1,
      imageFiles: [...this.#files.keys()].filter((path) => /\.(cubin|ptx)\.c$/.test(path)),
      summaries: this.#compiled.map(({ target: { name, summary } }) => ({ name, summary })),
      commands: buildCommands(this.#names.prefix, this.#compiled.map(({ target }) => target)),
      device: cpu.length > 0 ? 'cpu' : 'cuda',
      cpuTargetNames: cpu.map(({ name }) => name).join(', '),
      cudaTargetNames: cuda.map(({ name }) => name).join(', '),
      exampleTarget: first?.target.name ?? '',
      mostImages: Math.max(1, ...cuda.map(({ images }) => images.length)),
      mostKernels: Math.max(1, ...cuda.map(({ kernels }) => kernels.length)),
      targets: this.#compiled.map((one) => ({ guard: one.target.processor === undefined ? false : processorGuard(one.target.processor), plans: everyProgram(one).map((own) => `plan_${planId(one.target, own)}.h`) })),
    };
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

/** Of the launcher, for every library. */
const parts = [
  ...['plans', 'run', 'handle', 'bind', 'bounds', 'shards', 'shares', 'loss', 'targets', 'check', 'readings', 'layout', 'positives', 'survey', 'step', 'calls', 'multiply'],
  ...['ring_state', 'ring_messages', 'ring_tiles', 'ring_tell', 'ring_hear', 'ring_begin', 'ring'],
];

/** What a step is read from, and what the look at the inputs leaves: see `readings.h`. */
const readingNames: readonly string[] = ['rowLoss', 'colLoss', 'rowParams', 'colParams', 'scalars', 'flags'];
const normNames: readonly string[] = ['queryNorms', 'keyNorms', 'queryBadRows', 'keyBadRows'];
