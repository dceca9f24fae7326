import { estimate, type Estimate, type MachineModel } from '../../codegen/cost/index.js';
import type { Candidate, Space } from '../../codegen/space/index.js';

/** The model's error, as a part of a time. The usual tiling was chosen by measurement: who promises less than this more is not put before it. */
const modelError = 0.1;

/** A space with what the model says of each candidate, by their ids. */
export class Landscape {
  readonly space: Space;
  readonly machine: MachineModel;
  readonly #candidates = new Map<string, Candidate>();
  readonly #predicted = new Map<string, Estimate>();
  readonly #neighbours = new Map<string, readonly string[]>();

  constructor(space: Space, machine: MachineModel) {
    this.space = space;
    this.machine = machine;
    this.#enter(space.usual, ...space.candidates);
  }

  /** All that are known so far: those of the space, and neighbours that were asked for. */
  get candidates(): readonly Candidate[] {
    return [...this.#candidates.values()];
  }

  /** The ids of all candidates of the space but the usual one, as the model ranks them. */
  ordered(): readonly string[] {
    return this.#byPrediction(this.space.candidates.map(({ id }) => id).filter((id) => id !== this.space.usual.id));
  }

  /** The model's first choice: the usual tiling where nothing promises to be faster by more than the model errs. */
  get first(): Candidate {
    const { usual } = this.space;
    const [first = usual.id] = this.ordered();
    const promised = this.predicted(first).milliseconds / this.predicted(usual.id).milliseconds;
    return promised < 1 - modelError ? this.candidate(first) : usual;
  }

  has(id: string): boolean {
    return this.#candidates.has(id);
  }

  candidate(id: string): Candidate {
    const found = this.#candidates.get(id);
    if (found === undefined) throw new RangeError(`the space has no candidate '${id}'`);
    return found;
  }

  predicted(id: string): Estimate {
    const known = this.#predicted.get(id);
    if (known !== undefined) return known;
    const made = estimate(this.candidate(id).bound, this.machine);
    this.#predicted.set(id, made);
    return made;
  }

  /** One step along one axis away, as the model ranks them. */
  neighbours(id: string): readonly string[] {
    const known = this.#neighbours.get(id);
    if (known !== undefined) return known;
    const found = this.space.neighbours(this.candidate(id));
    this.#enter(...found);
    const ids = this.#byPrediction(found.map((neighbour) => neighbour.id));
    this.#neighbours.set(id, ids);
    return ids;
  }

  #enter(...candidates: readonly Candidate[]): void {
    for (const candidate of candidates) if (!this.#candidates.has(candidate.id)) this.#candidates.set(candidate.id, candidate);
  }

  #byPrediction(ids: readonly string[]): readonly string[] {
    return [...ids].sort((a, b) => this.predicted(a).milliseconds - this.predicted(b).milliseconds || (a < b ? -1 : 1));
  }
}
