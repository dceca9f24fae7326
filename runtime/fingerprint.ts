import { createHash } from 'node:crypto';

/** SHA-256 of what is declared, wherever that was written. */
export function fingerprint(declaration: object): string {
  const text = JSON.stringify(declaration, (key, value: unknown) => (key === 'span' || key === 'spans' ? undefined : value));
  return createHash('sha256').update(text).digest('hex');
}
