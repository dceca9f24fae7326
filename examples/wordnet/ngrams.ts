import { mix } from './random.js';

const shortest = 3;
const longest = 5;

/** Marks a word's start and end, so that `cat` in `cat` and in `scatter` differ. Not a letter: no word contains them. */
const wordStart = 0x02;
const wordEnd = 0x03;

/** Marks stay with their letters: in many scripts they are the vowels. */
const word = /[\p{L}\p{N}\p{M}]+/gu;

/**
 * Calls `visit` with a signed 32-bit hash of each n-gram of n = 3..5 code points in each word of the text, lower-cased.
 * Repeats are visited each time. Canonically equal texts have equal n-grams.
 */
export function visitNgrams(text: string, visit: (hash: number) => void): void {
  for (const [match] of text.toLowerCase().normalize('NFC').matchAll(word)) {
    const points = [wordStart];
    for (const character of match) points.push(character.codePointAt(0) ?? 0);
    points.push(wordEnd);
    for (let start = 0; start + shortest <= points.length; start++) {
      // FNV-1a over code points: each n-gram extends the hash of the one before it.
      let hash = 0x811c9dc5;
      const end = Math.min(start + longest, points.length);
      for (let index = start; index < end; index++) {
        hash = Math.imul(hash ^ (points[index] ?? 0), 0x01000193);
        // FNV-1a leaves the high bits poorly mixed over so few steps. Signed, for V8 boxes larger integers.
        if (index - start >= shortest - 1) visit(mix(hash) | 0);
      }
    }
  }
}
