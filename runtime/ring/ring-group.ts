import type { Link } from '../../codegen/ring/schedule.js';
import type { NativeTransport } from '../addon.js';
import type { Device } from '../device/device.js';
import type { Communicator } from '../transport/communicator.js';

/** A rank of a ring with its device: what kernels of all ranks share. */
export interface RingGroup {
  readonly communicator: Communicator;
  readonly nodes: number;
  /** Shards of keys that a rank has room for beside its own. */
  readonly inFlight: number;
  /** Messages between nodes have a whole turn of a node to travel, and are joined apart: they have a transport of their own. */
  readonly transports: Readonly<Record<Link, NativeTransport>>;
}

/** Every rank calls it, with its device. */
export async function joinRing(communicator: Communicator, device: Device, { nodes, inFlight }: Pick<RingGroup, 'nodes' | 'inFlight'>): Promise<RingGroup> {
  const intra = await communicator.attach(device);
  const inter = nodes > 1 && nodes < communicator.ranks ? await communicator.attach(device) : intra;
  return { communicator, nodes, inFlight, transports: { intra, inter } };
}

/** Bytes that the rank has sent so far. */
export function sentBytes({ transports }: RingGroup): number {
  const each = new Set([transports.intra, transports.inter]);
  return [...each].reduce((sum, transport) => sum + transport.sentBytes.reduce((bytes, more) => bytes + more, 0), 0);
}
