import { captureCallSite } from './diagnostics/call-site.js';
import { DiagnosticCollector, showValue, type Diagnostic } from './diagnostics/index.js';
import { conclude } from './diagnostics/recording.js';
import { locateCall } from './lambda/index.js';
import type { PairwiseLoss } from './loss.js';

/** The same loss on prefixes of the embeddings, added up. */
export interface MatryoshkaLoss {
  readonly kind: 'matryoshka';
  readonly name: string;
  readonly loss: PairwiseLoss;
  readonly prefixes: readonly Prefix[];
}

export interface Prefix {
  /** The first `dim` numbers of each embedding. */
  readonly dim: number;
  readonly weight: number;
}

/**
 * Matryoshka representation learning (Kusupati et al. 2022, equation 1): the loss of each prefix of the embeddings, weighted
 * (by 1, unless said) and added, so that a prefix serves as an embedding by itself. Inner products are of the prefixes as
 * they are: embeddings that are compared by their cosine are normalised for the whole depth or not at all.
 *
 *     const nested = matryoshka(clip, { dims: [64, 128, 256, 512] })
 *
 * @throws {InfinitileError} for depths that are not positive, increasing integers, and weights that are not one finite number each.
 */
export function matryoshka(loss: PairwiseLoss, { dims, weights }: { readonly dims: readonly number[]; readonly weights?: readonly number[] }): MatryoshkaLoss {
  const callSite = captureCallSite(matryoshka);
  const collector = new DiagnosticCollector();
  for (const [field, mistake] of [['dims', dimMistake(dims)], ['weights', weightMistake(dims, weights)]] as const) {
    if (mistake === undefined) continue;
    const call = locateCall(callSite(), matryoshka.name, loss.name);
    collector.add({ ...mistake, ...call?.source.mark(call.node([field])) });
  }
  conclude(collector, callSite);
  return { kind: 'matryoshka', name: `matryoshka-${loss.name}`, loss, prefixes: listOf(dims).map((dim, i) => ({ dim: Number(dim), weight: weights?.[i] ?? 1 })) };
}

function dimMistake(dims: unknown): Diagnostic | undefined {
  const given = listOf(dims);
  if (given.length > 0 && given.every((dim, i) => typeof dim === 'number' && Number.isInteger(dim) && dim > Number(given[i - 1] ?? 0))) return undefined;
  return { code: 'INF2010', message: `the depths of a matryoshka loss are ${show(dims)}`, hint: 'give increasing whole numbers: dims: [64, 128, 256]' };
}

function weightMistake(dims: unknown, weights: unknown): Diagnostic | undefined {
  const [count, given] = [listOf(dims).length, listOf(weights)];
  if (weights === undefined || (given.length === count && given.every((weight) => Number.isFinite(weight) && weight !== 0))) return undefined;
  return { code: 'INF2005', message: `the weights of a matryoshka loss are ${show(weights)}`, hint: `give a finite number other than 0 for each of its ${count} depths` };
}

/** Types say so; these hold for JavaScript too. */
function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function show(value: unknown): string {
  return Array.isArray(value) ? `[${value.map(showValue).join(', ')}]` : showValue(value);
}
