import { availableParallelism } from 'node:os';
import pLimit from 'p-limit';
import type { Program } from '../../codegen/compile.js';
import { sha256 } from '../artifact/key.js';
import { CompilationError } from '../artifact/toolchain/errors.js';
import type { Builder } from '../device/builder.js';

/** Seconds that no file takes less than to compile. */
const leastSeconds = 0.1;

/** Programs of candidates, built several at a time, each once. */
export class Builds {
  readonly #builder: Pick<Builder, 'build'>;
  readonly #programsOf: (id: string) => readonly Program[];
  readonly #signal: AbortSignal;
  readonly #started = new Map<string, Promise<string | undefined>>();
  readonly #sources = new Map<string, readonly string[]>();
  /** Hashes of the sources that were built: candidates share most of theirs. */
  readonly #built = new Set<string>();
  /** A program is a few files, which compile side by side. */
  readonly #inTurn = pLimit(Math.max(1, Math.floor(availableParallelism() / 2)));
  #secondsPerFile = 0;

  /** @param programsOf those that a candidate is run by. */
  constructor(builder: Pick<Builder, 'build'>, programsOf: (id: string) => readonly Program[], signal: AbortSignal) {
    this.#builder = builder;
    this.#programsOf = programsOf;
    this.#signal = signal;
  }

  /** Undefined when all is in the cache; else why it does not compile. Rejects when the signal aborts. */
  build(id: string): Promise<string | undefined> {
    const known = this.#started.get(id);
    if (known !== undefined) return known;
    const building = this.#inTurn(() => this.#build(id));
    // Nobody may be waiting for it yet.
    building.catch(() => undefined);
    this.#started.set(id, building);
    return building;
  }

  /** What those that are not built yet may take, as builds so far went; nothing until one did. */
  secondsFor(ids: readonly string[]): number {
    return new Set(ids.filter((id) => !this.#started.has(id)).flatMap((id) => this.#freshSources(id))).size * this.#secondsPerFile;
  }

  async #build(id: string): Promise<string | undefined> {
    this.#signal.throwIfAborted();
    const fresh = this.#freshSources(id);
    const started = performance.now();
    try {
      for (const program of this.#programsOf(id)) await this.#builder.build(program, { signal: this.#signal });
    } catch (error) {
      if (!(error instanceof CompilationError)) throw error;
      return `${error.compiler} could not compile '${error.source.path}': ${firstComplaint(error.log)}`;
    }
    for (const source of fresh) this.#built.add(source);
    const seconds = (performance.now() - started) / 1000 / Math.max(1, fresh.length);
    // What comes from the cache tells nothing of the next.
    if (seconds >= leastSeconds) this.#secondsPerFile = Math.max(this.#secondsPerFile, seconds);
    return undefined;
  }

  #freshSources(id: string): readonly string[] {
    const known = this.#sources.get(id) ?? this.#programsOf(id).flatMap(({ files }) => files.map(({ text }) => sha256(text)));
    this.#sources.set(id, known);
    return known.filter((source) => !this.#built.has(source));
  }
}

function firstComplaint(log: string): string {
  const lines = log.trim().split('\n');
  return lines.find((line) => /\berror\b/i.test(line)) ?? lines[0] ?? 'it said nothing';
}
