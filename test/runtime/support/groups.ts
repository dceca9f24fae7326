import { createServer, type AddressInfo } from 'node:net';
import { InfinitileError } from '../../../dsl/diagnostics/index.js';
import type { ControlPlane } from '../../../runtime/transport/control-plane.js';
import { connectLocal } from '../../../runtime/transport/local.js';
import { connectTcp, type TcpOptions } from '../../../runtime/transport/tcp.js';

/** Groups whose ranks are all in this process. */
export const groups: Readonly<Record<'local' | 'tcp', (ranks: number, patience: number) => Promise<readonly ControlPlane[]>>> = {
  local: (ranks, patience) => Promise.resolve(connectLocal(ranks, { patience })),
  tcp: async (ranks, patience) => {
    const port = await freePort();
    return Promise.all(range(ranks).map((rank) => connectTcp(tcpOptions(rank, ranks, port, { patience }))));
  },
};

/** Of a rank on a node of its own, where all have this machine's own address. */
export function tcpOptions(rank: number, ranks: number, port: number, more: Partial<TcpOptions> = {}): TcpOptions {
  const rendezvous = { kind: 'address', host: '127.0.0.1', port, job: 'test' } as const;
  return { place: { rank, ranks, localRank: 0, localRanks: 1 }, rendezvous, patience: 20_000, ...more };
}

export function freePort(): Promise<number> {
  const server = createServer();
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

export function range(count: number): readonly number[] {
  return Array.from({ length: count }, (_, i) => i);
}

/** How each piece of work fails, as `INF7101 rank 2 ...`; `done` where it does not. */
export function outcomes(work: readonly Promise<unknown>[]): Promise<readonly string[]> {
  return Promise.all(work.map((piece) => piece.then(() => 'done', told)));
}

function told(error: unknown): string {
  if (!(error instanceof InfinitileError)) throw error;
  return error.diagnostics.map(({ code, message }) => `${code} ${message}`).join('\n');
}
