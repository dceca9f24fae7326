import pLimit, { type LimitFunction } from 'p-limit';
import type { SourceText } from '../../codegen/targets/target.js';
import { artifactSpec, ArtifactCache, type Artifact, type Compiler } from '../../runtime/artifact/index.js';

/** Compiles sources as a run does, each text once, a few at a time. What the cache has is not compiled again. */
export class Compilation {
  readonly #cache = new ArtifactCache();
  readonly #known = new Map<string, Promise<Artifact>>();
  readonly #turns: LimitFunction;

  constructor(atOnce: number) {
    this.#turns = pLimit(atOnce);
  }

  /** Rejects with the compiler's log; a warning is an error. */
  compile(source: SourceText, compiler: Compiler, target: string): Promise<Artifact> {
    const spec = artifactSpec(source, compiler, this.#cache, { loss: 'test', target });
    const known = this.#known.get(spec.key);
    if (known !== undefined) return known;
    const compiling = this.#turns(() => spec.load());
    this.#known.set(spec.key, compiling);
    compiling.catch(() => undefined);
    return compiling;
  }
}
