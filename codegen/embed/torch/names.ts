import { libraryNames, snakeCase, type LibraryNames } from '../c/names.js';

/** How an exported Python package is called: of loss `supCon`, `infinitile_sup_con` with `sup_con_loss` and `SupConLoss`. */
export interface PackageNames extends LibraryNames {
  /** As pip has it. The module's name is the library's `prefix`. */
  readonly distribution: string;
  readonly function: string;
  readonly module: string;
}

export function packageNames(loss: string): PackageNames {
  const library = libraryNames(loss);
  const module = modules[loss] ?? `${loss.charAt(0).toUpperCase()}${loss.slice(1)}Loss`;
  return { ...library, distribution: library.prefix.replaceAll('_', '-'), function: `${library.short}_loss`, module };
}

/** Where open_clip spells the class otherwise. */
const modules: Readonly<Record<string, string>> = { siglip: 'SigLipLoss' };

/** Gives out names of arguments: `logScale` is `log_scale`; one that is taken, by Python too, gets a `_`. */
export class PythonNames {
  readonly #taken = new Set(words);

  take(name: string): string {
    let free = snakeCase(name);
    while (this.#taken.has(free)) free = `${free}_`;
    this.#taken.add(free);
    return free;
  }
}

/** An attribute as a field of a struct. */
export function fieldName(attribute: string): string {
  return words.includes(attribute) ? `${attribute}_` : attribute;
}

/** Words of the language, and what the emitted functions call their own. */
const words: readonly string[] = [
  'and as assert async await break class continue def del elif else except finally for from global if import in is lambda nonlocal not or',
  'pass raise return try while with yield self torch float int len device handle inputs counts loss output_dict query_count key_count group prepare',
].flatMap((line) => line.split(' '));
