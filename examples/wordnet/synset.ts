/**
 * One line of a WordNet data file, as wndb(5WN) describes it:
 *
 *     synset_offset lex_filenum ss_type w_cnt word lex_id [word lex_id...] p_cnt [ptr...] [frames...] | gloss
 *
 * The whole line is checked, not only the fields that are used: counts that disagree are how a damaged file shows.
 */

export interface Synset {
  /** Underscores as spaces, without an adjective's syntactic marker: `afraid(p)` is `afraid`. At least one. */
  readonly lemmas: readonly [string, ...string[]];
  /** The definition, then its quoted examples, as in the file. */
  readonly gloss: string;
}

export type PartOfSpeech = 'noun' | 'verb' | 'adj' | 'adv';

/** ss_type of each file; `s` is a satellite adjective. */
const synsetTypes: Record<PartOfSpeech, RegExp> = { noun: /^n$/, verb: /^v$/, adj: /^[as]$/, adv: /^r$/ };

/** What is wrong with a line. Whoever knows the file and the line number adds them. */
export class SynsetError extends Error {
  override readonly name = 'SynsetError';
}

export function parseSynset(line: string, partOfSpeech: PartOfSpeech): Synset {
  const bar = line.indexOf(' | ');
  if (bar < 0) throw new SynsetError(`expected ' | ' and a gloss after the fields`);
  const gloss = line.slice(bar + 3).trim();
  if (gloss === '') throw new SynsetError('the gloss is empty');

  const fields = line.slice(0, bar).trimEnd().split(' ');
  let next = 0;
  const take = (what: string, shape: RegExp): string => {
    const field = fields[next];
    if (field === undefined) throw new SynsetError(`expected ${what}, found the end of the fields`);
    if (!shape.test(field)) throw new SynsetError(`expected ${what} in field ${next + 1}, found '${shorten(field)}'`);
    next++;
    return field;
  };

  take('a synset offset of 8 digits', /^\d{8}$/);
  take('a lexicographer file of 2 digits', /^\d{2}$/);
  take(`a synset type of data.${partOfSpeech}`, synsetTypes[partOfSpeech]);

  const lemmaCount = parseInt(take('a word count of 2 hexadecimal digits', /^[\da-f]{2}$/i), 16);
  const takeLemma = (): string => {
    const lemma = readable(take('a word', /./));
    if (lemma === '') throw new SynsetError(`the word in field ${next} has no text`);
    take('a lexical id of 1 hexadecimal digit', /^[\da-f]$/i);
    return lemma;
  };
  if (lemmaCount === 0) throw new SynsetError('the synset has no words');
  const lemmas: [string, ...string[]] = [takeLemma()];
  while (lemmas.length < lemmaCount) lemmas.push(takeLemma());

  const pointerCount = Number(take('a pointer count of 3 digits', /^\d{3}$/));
  for (let pointer = 0; pointer < pointerCount; pointer++) {
    take('a pointer symbol', /^[^\da-z]\S?$/i);
    take(`a pointer's synset offset of 8 digits`, /^\d{8}$/);
    take(`a pointer's part of speech`, /^[nvasr]$/);
    take(`a pointer's source and target of 4 hexadecimal digits`, /^[\da-f]{4}$/i);
  }

  if (partOfSpeech === 'verb') {
    const frameCount = Number(take('a frame count of 2 digits', /^\d{2}$/));
    for (let frame = 0; frame < frameCount; frame++) {
      take(`a frame's '+'`, /^\+$/);
      take('a frame number of 2 digits', /^\d{2}$/);
      take(`a frame's word of 2 hexadecimal digits`, /^[\da-f]{2}$/i);
    }
  }
  const extra = fields[next];
  if (extra !== undefined) throw new SynsetError(`expected the gloss after field ${next}, found '${shorten(extra)}'`);
  return { lemmas, gloss };
}

/**
 * A gloss without its examples. They follow the definition as `; "..."` or `: "..."` and reach to the end but for a few notes
 * on usage; quotes elsewhere (`the phrase "the call of duty"`) belong to the definition.
 */
export function definitionOf(gloss: string): string {
  const examples = gloss.search(/[;:]\s*"/);
  return (examples < 0 ? gloss : gloss.slice(0, examples)).trim();
}

function readable(word: string): string {
  return word.replace(/\((?:a|p|ip)\)$/, '').replaceAll('_', ' ').trim();
}

function shorten(field: string): string {
  return field.length > 40 ? `${field.slice(0, 40)}...` : field;
}
