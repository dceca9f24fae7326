import type { PairwiseLoss } from '../../../dsl/loss.js';
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

/** What open_clip calls learned scalars, by what losses call them. */
export const openClipNames: ReadonlyMap<string, string> = new Map([
  ['logScale', 'logit_scale'],
  ['bias', 'logit_bias'],
]);

/** Gives out names of arguments: `logScale` is `log_scale`; one that is taken, by Python and by the emitted code too, gets a `_`. */
export class PythonNames {
  readonly #taken: Set<string>;

  constructor({ name, params }: PairwiseLoss) {
    const ofModule = params.flatMap((param) => openClipNames.get(param) ?? []);
    this.#taken = new Set([...words, packageNames(name).function, ...ofModule]);
  }

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

/** Words of the language, and what emitted functions and their modules call beside arguments. */
const words: readonly string[] = [
  'and as assert async await break class continue def del elif else except finally for from global if import in is lambda nonlocal not or',
  'pass raise return try while with yield None True False float int isinstance len list str super type zip torch dist math nn',
  'address apply arguments backward begins begins_of checked compute ctx device differentiated end for_averages forward forward_backward grad gradients group group_name',
  'handle handle_of inputs is_alone is_traced kept key_count loss loss_alone loss_and_gradients number of operator parts_of placed prepare products query_count',
  'results room_for shared_loss traced value',
  'self features image_features text_features output_dict',
  '_ _apply_plain _arguments _autograd _fake_forward _fake_forward_backward _log _memory _number _prepare _product _taken',
].flatMap((line) => line.split(' '));
