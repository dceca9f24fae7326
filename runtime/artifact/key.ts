import { createHash } from 'node:crypto';

/** Counts up when the meaning of an entry changes: entries of another format have other keys. */
const entryFormat = 1;

/** All that an artifact depends on. */
export interface KeyFacts {
  readonly source: string;
  /** Compiler, its version, and the machine where flags speak of it. */
  readonly compiler: string;
  readonly flags: readonly string[];
  /** Part of the compiler's messages, and of an artifact's debug names. */
  readonly file: string;
}

/** The SHA-256 that names an artifact. */
export function artifactKey(facts: KeyFacts): string {
  return sha256(JSON.stringify([entryFormat, facts.compiler, facts.flags, facts.file, facts.source]));
}

export function sha256(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}
