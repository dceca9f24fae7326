import { createHash } from 'node:crypto';

import test from 'ava';

import { encodePairs, type EncodedPairs } from '../../examples/wordnet/encode.js';
import { visitNgrams } from '../../examples/wordnet/ngrams.js';
import { readPairs, type Pair } from '../../examples/wordnet/pairs.js';

const dim = 256;
const few: readonly Pair[] = [
  { term: 'cat', gloss: 'a feline mammal usually having thick soft fur' },
  { term: 'Ἀθῆναι', gloss: 'the capital of Greece, Αθήνα' },
  { term: '東京', gloss: '日本の首都' },
  { term: '24/7', gloss: 'all the time' },
];

function ngrams(text: string): number[] {
  const hashes: number[] = [];
  visitNgrams(text, (hash) => hashes.push(hash));
  return hashes;
}

function norms(rows: Float32Array, length: number): number[] {
  return Array.from({ length: rows.length / length }, (_, row) => Math.hypot(...rows.subarray(row * length, (row + 1) * length)));
}

/** The share of the first `queries` terms whose gloss is among the ten nearest of all. */
function recallAt10({ queries, keys, count }: EncodedPairs, terms: number): number {
  let found = 0;
  for (let term = 0; term < terms; term++) {
    // Terms from all over the sample, not only its first nouns.
    const row = Math.floor((term * count) / terms);
    const query = queries.subarray(row * dim, (row + 1) * dim);
    const similarity = (key: number): number => {
      let dot = 0;
      for (let d = 0; d < dim; d++) dot += (query[d] ?? 0) * (keys[key * dim + d] ?? 0);
      return dot;
    };
    const own = similarity(row);
    let nearer = 0;
    for (let key = 0; key < count && nearer < 10; key++) if (key !== row && similarity(key) >= own) nearer++;
    if (nearer < 10) found++;
  }
  return found / terms;
}

test('16,384 pairs of WordNet: unit rows, the same on every machine, pairs near each other', async (t) => {
  const pairs = await readPairs({ count: 16384 });
  const encoded = await encodePairs(pairs, { dim });
  t.is(encoded.count, 16384);
  t.is(encoded.dim, dim);
  for (const rows of [encoded.queries, encoded.keys]) {
    t.is(rows.length, 16384 * dim);
    t.true(norms(rows, dim).every((norm) => Math.abs(norm - 1) < 2e-7));
  }

  const golden = createHash('sha256');
  for (const rows of [encoded.queries, encoded.keys]) golden.update(new Uint8Array(rows.buffer, 0, 64 * dim * 4));
  t.is(golden.digest('hex'), 'd46b2f05a0a9b843804484a34b0af849860928b7276b0001079cf35d629aede5');

  // Measured: 0.31, by chance 0.0006.
  t.true(recallAt10(encoded, 512) > 0.22);
});

test('the seed determines the projection', async (t) => {
  const first = await encodePairs(few, { dim, seed: 1 });
  t.deepEqual(await encodePairs(few, { dim, seed: 1 }), first);
  for (const seed of [0, 2, 3, 0x80000000, 0xffffffff]) {
    const other = await encodePairs(few, { dim, seed });
    t.notDeepEqual(other.queries, first.queries);
    t.notDeepEqual(other.keys, first.keys);
  }
});

test('any number of dimensions gives unit rows', async (t) => {
  for (const length of [7, 8, 9, 100, 769]) {
    const { queries, keys } = await encodePairs(few, { dim: length, seed: 5 });
    for (const norm of [...norms(queries, length), ...norms(keys, length)]) t.true(Math.abs(norm - 1) < 2e-7, `dim ${length}`);
  }
});

test('a row depends on neither case nor composition nor punctuation', async (t) => {
  const { queries } = await encodePairs(
    ['Café Zürich', 'cafe\u0301  ZU\u0308RICH', 'café-zürich!'].map((term) => ({ term, gloss: 'x' })),
    { dim },
  );
  t.deepEqual(queries.slice(dim, 2 * dim), queries.slice(0, dim));
  t.deepEqual(queries.slice(2 * dim), queries.slice(0, dim));
});

test('n-grams: 3 to 5 code points of each word and its ends', (t) => {
  t.is(ngrams('a').length, 1); // <a>
  t.is(ngrams('cat').length, 3 + 2 + 1);
  t.is(ngrams('𝒳𝒴').length, 2 + 1); // two code points of two code units each
  t.is(ngrams('a cat').length, 7);
  t.is(new Set(ngrams('scatter')).size, 7 + 6 + 5);
  t.deepEqual(ngrams('cat').filter((hash) => ngrams('scatter').includes(hash)).length, 1); // cat itself
  t.deepEqual(ngrams('-- ?!'), []);
});

test('a text that has no direction is refused by name', async (t) => {
  for (const gloss of ['', ' ', '--'])
    await t.throwsAsync(encodePairs([...few, { term: 'nothing', gloss }], { dim }), {
      message: `the gloss of pair 4, ${JSON.stringify(gloss)}, has no letter or digit to encode`,
    });
  await t.throwsAsync(encodePairs([{ term: '', gloss: 'x' }], { dim }), { message: /the term of pair 0, "",/ });
});

test('opposite n-grams that cancel are refused, not divided by zero', async (t) => {
  // Two features of equal weight in one dimension: for about half of the seeds their signs differ.
  const messages = new Set<string>();
  for (let seed = 0; seed < 16; seed++)
    await encodePairs([{ term: 'a b', gloss: 'a b' }], { dim: 1, seed }).then(
      ({ queries }) => t.is(Math.abs(queries[0] ?? 0), 1),
      (error: unknown) => messages.add(String(error)),
    );
  t.deepEqual([...messages], ['Error: the term of pair 0, "a b", projects to zero: take another seed, or more than 1 dimensions']);
});

test('bad options are refused', async (t) => {
  for (const length of [0, -1, 1.5, NaN]) await t.throwsAsync(encodePairs(few, { dim: length }), { message: /dim must be/ });
  for (const seed of [-1, 0.5, 2 ** 32]) await t.throwsAsync(encodePairs(few, { dim, seed }), { message: /seed must be/ });
  await t.throwsAsync(encodePairs([], { dim }), { message: /no pairs/ });
});

test('progress rises to its end, and encoding can be aborted between steps', async (t) => {
  const many = Array.from({ length: 1000 }, (_, index) => ({ term: `term ${index}`, gloss: `gloss ${index}` }));
  const seen: [number, number][] = [];
  await encodePairs(many, { dim, onProgress: (...step) => seen.push(step) });
  t.deepEqual(seen.at(-1), [4000, 4000]);
  t.true(seen.every(([done, total], index) => total === 4000 && done > (seen[index - 1]?.[0] ?? 0)));

  const controller = new AbortController();
  const steps: number[] = [];
  const encoding = encodePairs(many, { dim, signal: controller.signal, onProgress: (done) => steps.push(done) });
  setImmediate(() => controller.abort());
  await t.throwsAsync(encoding, { any: true, name: 'AbortError' });
  t.true(steps.length < seen.length);
});
