import { readPairs } from '../wordnet/pairs.js';

/**
 * WordNet's (term, gloss) pairs as lines of JSON, for train.py:
 *
 *     npx tsx examples/torch/pairs.ts 32768 > pairs.jsonl
 */
const count = Number(process.argv[2] ?? 32_768);
for (const { term, gloss } of await readPairs({ count })) process.stdout.write(`${JSON.stringify([term, gloss])}\n`);
