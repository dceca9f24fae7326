import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { messageOf } from '../device/errors.js';
import { Connection } from './connection.js';
import type { ControlPlane } from './control-plane.js';
import { noConnection, printSeconds } from './errors.js';
import { lostError, parseToRank, protocolVersion } from './protocol.js';
import { addressesOf, printRendezvous, type Address } from './rendezvous.js';
import { grace, TcpRank } from './tcp-rank.js';
import type { TcpOptions } from './tcp.js';

/** Milliseconds between two attempts to reach rank 0, which may have started later, and those that one may take. */
const retryAfter = 200;
const longestDial = 3000;

/** Joins the group of a rank 0 as another rank. */
export async function joinGroup(options: Required<TcpOptions>): Promise<ControlPlane> {
  const { place, rendezvous, patience } = options;
  const deadline = performance.now() + patience;
  let reason = 'it has told no address yet';
  while (performance.now() < deadline) {
    for (const address of await addressesOf(rendezvous)) {
      const joined = await join(address, options);
      if (typeof joined !== 'string') return joined;
      reason = `${address.host}:${address.port}: ${joined}`;
    }
    await pause(retryAfter);
  }
  throw noConnection(
    `rank ${place.rank} has looked for rank 0 at ${printRendezvous(rendezvous)} for ${printSeconds(patience)}: ${reason}`,
    'rank 0 may have failed, which it tells itself, or be late (patience), or be elsewhere (MASTER_ADDR, INFINITILE_PORT, INFINITILE_RENDEZVOUS)',
  );
}

/** The rank as a member; or why whoever is at this address is not rank 0, as far as can be told. */
async function join(address: Address, { place, patience, version }: Required<TcpOptions>): Promise<ControlPlane | string> {
  const connection = await dial(address);
  if (typeof connection === 'string') return connection;
  connection.trust();
  connection.send({ kind: 'hello', protocol: protocolVersion, version, job: address.job, ...place });
  // Rank 0 waits as long for the others, and tells when they do not come.
  const timer = setTimeout(() => connection.drop(), patience + grace);
  const frame = await connection.next();
  clearTimeout(timer);
  if (frame === undefined) return connection.ended;
  const message = parseToRank(frame.header);
  if (message?.kind === 'welcome') return new TcpRank(place, message.nodes, connection, patience);
  connection.drop();
  if (message?.kind === 'lost') throw lostError(message);
  return 'who answers there is no rank 0';
}

function dial({ host, port }: Address): Promise<Connection | string> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const fail = (reason: string): void => {
      socket.destroy();
      resolve(reason);
    };
    const timer = setTimeout(() => fail('nobody answers'), longestDial);
    socket.once('error', (error) => {
      clearTimeout(timer);
      fail(messageOf(error));
    });
    socket.once('connect', () => {
      clearTimeout(timer);
      resolve(new Connection(socket));
    });
  });
}
