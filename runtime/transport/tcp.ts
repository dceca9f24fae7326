import { compilerVersion } from '../../codegen/emit/header.js';
import type { ControlPlane } from './control-plane.js';
import type { Place } from './place.js';
import type { Rendezvous } from './rendezvous.js';
import { openGroup } from './tcp-hub.js';
import { joinGroup } from './tcp-join.js';

export interface TcpOptions {
  readonly place: Place;
  readonly rendezvous: Rendezvous;
  /** Milliseconds that a rank waits for another. */
  readonly patience: number;
  /** Of this package, unless said. */
  readonly version?: string;
  /** Told of connections that are none of the group's. Default: a process warning. */
  readonly onWarning?: (message: string) => void;
}

/**
 * The control plane of ranks without MPI: each has a connection to rank 0, through which all gathers go. Rank 0 listens until all
 * have come, and no longer.
 *
 * @throws {InfinitileError} INF7103 when ranks do not come within the time limit, naming them, or there is no rank 0; INF7102 when one
 * is of another version.
 */
export function connectTcp(options: TcpOptions): Promise<ControlPlane> {
  const set = { version: compilerVersion, onWarning: warn, ...options };
  return set.place.rank === 0 ? openGroup(set) : joinGroup(set);
}

function warn(message: string): void {
  process.emitWarning(message, { type: 'InfinitileWarning', code: 'INF7103' });
}
