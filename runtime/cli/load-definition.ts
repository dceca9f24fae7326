import { didYouMean, InfinitileError, listNames } from '../../dsl/diagnostics/index.js';
import type { PairwiseLoss } from '../../dsl/loss.js';
import type { Tiling } from '../../dsl/tiling.js';
import { loadTiling as loadTilingFile } from '../tune/tiling-file.js';
import { findDefinitionFile, importDefinitions } from './definition-file.js';

interface Kind<T> {
  /** What messages call it. */
  readonly word: string;
  readonly plural: string;
  /** The call that makes one. */
  readonly maker: string;
  readonly is: (value: unknown) => value is T;
  /** Loaded when they are asked for: their lambdas are compiled as they are declared. */
  readonly presets: () => Promise<Readonly<Record<string, unknown>>>;
}

const losses: Kind<PairwiseLoss> = { word: 'loss', plural: 'losses', maker: 'pairwiseLoss(...)', is: isLoss, presets: presetLosses };
const tilings: Kind<Tiling> = { word: 'tiling', plural: 'tilings', maker: 'tiling(...)', is: isTiling, presets: () => import('../../dsl/tilings.js') };

/** The losses, and those that take options with the usual ones. */
async function presetLosses(): Promise<Readonly<Record<string, PairwiseLoss>>> {
  const presets = Object.entries(await import('../../dsl/losses.js'));
  return Object.fromEntries(presets.map(([name, preset]) => [name, typeof preset === 'function' ? preset() : preset]));
}

/** A preset by name, or an export of a file: `clip`, `losses.ts#mine`. A file with one loss needs no `#`. */
export function loadLoss(name: string): Promise<PairwiseLoss> {
  return load(name, losses);
}

/** Likewise a tiling; or one that was tuned, by its file: `tiling.json`. */
export function loadTiling(name: string): Promise<Tiling> {
  return name.endsWith('.json') ? loadTilingFile(name) : load(name, tilings);
}

/** Whether a value is a loss, one on prefixes, or a tiling. */
export function isDefinition(value: unknown): boolean {
  return losses.is(value) || tilings.is(value) || isKind(value, 'matryoshka');
}

async function load<T>(name: string, kind: Kind<T>): Promise<T> {
  const mark = name.lastIndexOf('#');
  if (mark < 0 && !/[./\\]/.test(name)) return preset(name, kind);
  const file = mark < 0 ? name : name.slice(0, mark);
  const wanted = mark < 0 ? undefined : name.slice(mark + 1);
  const absolute = await findDefinitionFile(file, async () => `a ${kind.word} is a preset (${listNames(namesOf(await kind.presets(), kind))}) or file.ts#export`);
  return pick(await importDefinitions(file, absolute), file, wanted, kind);
}

async function preset<T>(name: string, kind: Kind<T>): Promise<T> {
  const presets = await kind.presets();
  const found = presets[name];
  if (kind.is(found)) return found;
  const known = namesOf(presets, kind);
  const near = didYouMean(name, known);
  throw new InfinitileError({
    code: 'INF8003',
    message: `there is no ${kind.word} '${name}'${near === '' ? '' : `; ${near}`}`,
    hint: `presets: ${listNames(known)}; one of your own is named by its file: file.ts#${name}`,
  });
}

/** Definitions are told by their `kind`: another copy of the package may have made them. */
function pick<T>(exports: Readonly<Record<string, unknown>>, file: string, wanted: string | undefined, kind: Kind<T>): T {
  const known = namesOf(exports, kind);
  const [only, ...others] = known;
  const name = wanted ?? (others.length === 0 ? only : undefined);
  const found = name === undefined ? undefined : exports[name];
  if (kind.is(found)) return found;
  const hint = known.length === 0 ? `it exports no ${kind.word}: write export const name = ${kind.maker}` : `it exports the ${known.length === 1 ? kind.word : kind.plural} ${listNames(known)}`;
  throw new InfinitileError({ code: 'INF8003', message: whyNot(file, wanted, found, known, kind.word), hint });
}

function whyNot(file: string, wanted: string | undefined, found: unknown, known: readonly string[], word: string): string {
  if (wanted === undefined) return known.length === 0 ? `'${file}' exports no ${word}` : `'${file}' exports several: name one, as in ${file}#${known[0] ?? 'name'}`;
  if (found !== undefined) return `'${wanted}' of '${file}' is no ${word}`;
  const near = didYouMean(wanted, known);
  return `'${file}' has no export '${wanted}'${near === '' ? '' : `; ${near}`}`;
}

function namesOf<T>(exports: Readonly<Record<string, unknown>>, kind: Kind<T>): readonly string[] {
  return Object.keys(exports).filter((name) => kind.is(exports[name])).sort();
}

function isLoss(value: unknown): value is PairwiseLoss {
  return isKind(value, 'pairwiseLoss') && 'params' in value && Array.isArray(value.params) && 'logit' in value && 'positives' in value;
}

function isTiling(value: unknown): value is Tiling {
  return isKind(value, 'tiling');
}

function isKind(value: unknown, kind: string): value is { readonly kind: string; readonly name: string } {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === kind && 'name' in value && typeof value.name === 'string';
}
