import type { Program } from '../../compile.js';
import type { Plan } from '../../plan/plan.js';
import { identifierOf, snakeCase, type LibraryNames } from './names.js';

/** A source file of one target's kernels, and what its entry points are called in the library. */
export interface KernelFile {
  /** Without its folder: `stats.cpp`, or `stats_running.cpp` where the programs have different ones. */
  readonly name: string;
  readonly text: string;
  /** Functions of the plan, and their symbols. */
  readonly symbols: ReadonlyMap<string, string>;
}

/** A target's plans by their names: `bounded`, `running`, and of a rank of a ring `ring_bounded` and `ring_running`. */
export function planVariant({ softmax, ring }: Plan): string {
  return ring === undefined ? softmax : `ring_${softmax}`;
}

/** Files of all programs of a target; of each program, by its own names. */
export interface KernelFiles {
  readonly files: readonly KernelFile[];
  readonly of: (program: Program, file: string) => KernelFile;
}

/** Files that the programs of a target share are taken once. */
export function kernelFiles(programs: readonly Program[], target: string, names: LibraryNames): KernelFiles {
  const files = new Map<string, KernelFile>();
  const found = new Map<Program, Map<string, KernelFile>>();
  for (const program of programs) {
    const own = new Map<string, KernelFile>();
    found.set(program, own);
    for (const { path, text } of program.files) {
      const kernels = program.plan.kernels.filter(({ file }) => file === path).map(({ name }) => name);
      const known = files.get(text);
      const file = known ?? kernelFile(path, text, [...new Set([...kernels, ...entryPointsIn(text)])], program, { names, target, taken: [...files.values()] });
      files.set(text, file);
      own.set(path, file);
    }
  }
  return {
    files: [...files.values()],
    of: (program, path) => {
      const file = found.get(program)?.get(path);
      if (file === undefined) throw new Error(`the program has no file '${path}'`);
      return file;
    },
  };
}

interface Place {
  readonly names: LibraryNames;
  readonly target: string;
  readonly taken: readonly KernelFile[];
}

function kernelFile(path: string, text: string, kernels: readonly string[], { plan }: Program, { names, target, taken }: Place): KernelFile {
  const own = taken.some(({ name }) => name === path);
  const variant = own ? `_${planVariant(plan)}` : '';
  const symbols = new Map(kernels.map((kernel) => [kernel, `${names.prefix}_${identifierOf(target)}${variant}_${snakeCase(kernel)}`]));
  return { name: own ? path.replace(/\.(\w+)$/, `${variant}.$1`) : path, text, symbols };
}

const entryPoint = /^extern "C" void (\w+)\(/gm;

function entryPointsIn(text: string): readonly string[] {
  return [...text.matchAll(entryPoint)].map(([, name = '']) => name);
}

/** The source with its entry points under their names in the library: many targets, and many libraries, lie in one program. */
export function renamed({ text, symbols }: KernelFile): string {
  return text.replace(entryPoint, (_, name: string) => `extern "C" __attribute__((visibility("hidden"))) void ${symbols.get(name) ?? name}(`);
}
