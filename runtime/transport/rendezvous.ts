import { randomUUID } from 'node:crypto';
import { readFile, rm } from 'node:fs/promises';
import type { AddressInfo, Server } from 'node:net';
import { networkInterfaces } from 'node:os';
import { z } from 'zod';
import { writeFileAtomically } from '../tensor/atomic-file.js';
import { noConnection } from './errors.js';

/** Where the ranks of a group find the first: at an address that all know, or by a file that all see. */
export type Rendezvous =
  | { readonly kind: 'address'; readonly host: string; readonly port: number; readonly job: string }
  | { readonly kind: 'file'; readonly path: string };

/** Where rank 0 listens, as another rank tries it. */
export interface Address {
  readonly host: string;
  readonly port: number;
  /** What a rank has to name: the group that it belongs to. */
  readonly job: string;
}

/** Where rank 0 listens, once it does. */
export interface Listening {
  readonly job: string;
  /** `10.0.0.4:29500`. */
  readonly description: string;
  /** Takes back what told others of it. */
  readonly withdraw: () => Promise<void>;
}

/** @throws {InfinitileError} INF7103 when nobody can listen there. */
export async function listenAt(server: Server, rendezvous: Rendezvous): Promise<Listening> {
  if (rendezvous.kind === 'file') return listenByFile(server, rendezvous.path);
  const { host, port, job } = rendezvous;
  const description = `${host}:${port}`;
  // A name that means another of this machine's addresses here than elsewhere is common: it listens at all, but for this machine's own.
  await listen(server, port, isLoopback(host) ? host : undefined).catch((error: unknown) => {
    throw noConnection(`rank 0 cannot listen at ${description}: ${String(error)}`, 'another process may have the port: INFINITILE_PORT chooses another, for all ranks', error);
  });
  return { job, description, withdraw: () => Promise.resolve() };
}

/** Where rank 0 may be; nowhere as long as it has not written its file. */
export async function addressesOf(rendezvous: Rendezvous): Promise<readonly Address[]> {
  if (rendezvous.kind === 'address') return [rendezvous];
  const text = await readFile(rendezvous.path, 'utf8').catch(() => undefined);
  if (text === undefined) return [];
  const note = parseNote(text);
  return note === undefined ? [] : note.hosts.map((host) => ({ host, port: note.port, job: note.job }));
}

export function printRendezvous(rendezvous: Rendezvous): string {
  return rendezvous.kind === 'file' ? rendezvous.path : `${rendezvous.host}:${rendezvous.port}`;
}

/** What the file says. */
const noteSchema = z.object({ hosts: z.array(z.string()), port: z.number(), job: z.string() });

type Note = z.infer<typeof noteSchema>;

function parseNote(text: string): Note | undefined {
  try {
    return noteSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** A file of an earlier group may be there: it is replaced, and what it says of that group fits this one nowhere. */
async function listenByFile(server: Server, path: string): Promise<Listening> {
  try {
    await listen(server, 0, undefined);
    const { port } = server.address() as AddressInfo;
    const job = randomUUID();
    await writeFileAtomically(path, (handle) => handle.writeFile(JSON.stringify({ hosts: addressesOfMachine(), port, job } satisfies Note)));
    return { job, description: `port ${port}, by ${path}`, withdraw: () => rm(path, { force: true }) };
  } catch (error) {
    throw noConnection(`rank 0 cannot tell its address in ${path}: ${String(error)}`, 'INFINITILE_RENDEZVOUS names a file in a folder that all ranks see, and may write to', error);
  }
}

function listen(server: Server, port: number, host: string | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, host }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.');
}

/** Its addresses in the network; where it is in none, its own. */
function addressesOfMachine(): string[] {
  const found = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  const outer = found.filter(({ internal, scopeid }) => !internal && (scopeid ?? 0) === 0).map(({ address }) => address);
  return outer.length === 0 ? ['127.0.0.1'] : outer;
}
