import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ExecutionContext } from 'ava';

const folder = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..', 'golden');

/** Compares a text with the file of that name in test/golden. UPDATE_GOLDEN=1 writes the file instead. */
export function golden(t: ExecutionContext, name: string, actual: string): void {
  const file = path.join(folder, name);
  const text = `${actual.trimEnd()}\n`;
  if (process.env['UPDATE_GOLDEN'] === '1') {
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  t.true(existsSync(file), `test/golden/${name} is missing: look at the text and run with UPDATE_GOLDEN=1`);
  if (existsSync(file)) t.is(text, readFileSync(file, 'utf8'), `test/golden/${name}`);
}
