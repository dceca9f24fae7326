import { fileURLToPath } from 'node:url';
import { report, type Diagnostic } from '../../dsl/diagnostics/index.js';
import type { Place } from './place.js';
import type { Rendezvous } from './rendezvous.js';

export type Environment = Readonly<Record<string, string | undefined>>;

const hint =
  'torchrun, srun and mpirun set what a rank needs; started by hand it needs RANK, WORLD_SIZE, LOCAL_RANK, LOCAL_WORLD_SIZE, and MASTER_ADDR and ' +
  'MASTER_PORT or INFINITILE_RENDEZVOUS';

/** Reads variables, and gathers what is wrong with them. */
export class Variables {
  readonly #mistakes: Diagnostic[] = [];

  constructor(private readonly environment: Environment) {}

  get(name: string): string | undefined {
    const value = this.environment[name];
    return value === '' ? undefined : value;
  }

  has(name: string): boolean {
    return this.get(name) !== undefined;
  }

  text(name: string): string {
    const value = this.get(name);
    if (value === undefined) this.mistake(name, 'is not set');
    return value ?? '';
  }

  /** Of these names the first that is set. */
  first(names: readonly [string, ...string[]]): { readonly name: string; readonly value: string } {
    const name = names.find((candidate) => this.has(candidate)) ?? names[0];
    return { name, value: this.text(name) };
  }

  count(name: string, otherwise?: number): number {
    if (otherwise !== undefined && !this.has(name)) return otherwise;
    const value = this.text(name);
    if (value !== '' && !/^\d{1,9}$/.test(value)) this.mistake(name, `is '${value}', which is no whole number`);
    return Number(value);
  }

  port(name: string): number {
    const port = this.count(name);
    if (port > 65_535) this.mistake(name, `is ${port}, which is no port`);
    return port;
  }

  below(name: string, value: number, limit: string, most: number): void {
    if (value >= most && this.has(name) && this.has(limit)) this.mistake(name, `is ${value}, and ${limit} is ${this.get(limit) ?? ''}`);
  }

  place(rankName: string, ranksName: string, localRankName: string, localRanksName: string): Place {
    const place = { rank: this.count(rankName), ranks: this.count(ranksName), localRank: this.count(localRankName), localRanks: this.count(localRanksName) };
    this.below(rankName, place.rank, ranksName, place.ranks);
    this.below(localRankName, place.localRank, localRanksName, place.localRanks);
    if (place.localRanks > place.ranks) this.mistake(localRanksName, `is ${place.localRanks}, and ${ranksName} is ${place.ranks}`);
    return place;
  }

  /** The file or the port that the caller names, else what the launcher tells. */
  meeting(told: () => { readonly host: string; readonly port: number; readonly job: string }): Rendezvous {
    const file = this.get('INFINITILE_RENDEZVOUS');
    if (file === undefined) return { kind: 'address', ...told(), ...(this.has('INFINITILE_PORT') ? { port: this.port('INFINITILE_PORT') } : {}) };
    const isFile = /^file:\/\/\/./.test(file);
    if (!isFile) this.mistake('INFINITILE_RENDEZVOUS', `is '${file}', which is not of the form file:///folder/file`);
    return { kind: 'file', path: isFile ? fileURLToPath(file) : file };
  }

  mistake(name: string, what: string): void {
    this.#mistakes.push({ code: 'INF7103', message: `${name} ${what}`, hint });
  }

  report(): void {
    report(this.#mistakes);
  }
}
