import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import type { PeerCase } from './cases.js';

export interface PeerResult {
  readonly loss: number;
  /** Of q, and of k where there is one. */
  readonly gradients: { readonly q: readonly number[]; readonly k?: readonly number[] | undefined };
  readonly params: Readonly<Record<string, number>>;
}

const resultsSchema = z.array(
  z.strictObject({
    loss: z.number(),
    gradients: z.strictObject({ q: z.array(z.number()), k: z.array(z.number()).optional() }),
    params: z.record(z.string(), z.number()),
  }),
);

/** Where .ci/run installs torch and the packages; those of python3 itself serve too. */
const packages = path.resolve('build/peers');

/** Packages that peers.py asks for are not there. */
export class NoPeers extends Error {
  override readonly name = 'NoPeers';
}

/** @throws {NoPeers} without python3 or its packages. */
export function runPeers(cases: readonly PeerCase[]): readonly PeerResult[] {
  const paths = [...(existsSync(packages) ? [packages] : []), ...(process.env['PYTHONPATH'] === undefined ? [] : [process.env['PYTHONPATH']])];
  const env = { ...process.env, ...(paths.length === 0 ? {} : { PYTHONPATH: paths.join(path.delimiter) }) };
  const { status, stdout, stderr, error } = spawnSync('python3', [path.join(import.meta.dirname, 'peers.py')], { env, input: JSON.stringify(cases.map(requestOf)), encoding: 'utf8', maxBuffer: 2 ** 28 });
  if (error !== undefined) throw new NoPeers(`python3 cannot be run: ${error.message}`);
  if (status === 3) throw new NoPeers(`${stderr.trim()} (torch, open_clip_torch and pytorch-metric-learning are needed: see .ci/run)`);
  if (status !== 0) throw new Error(`peers.py failed: ${stderr}`);
  return resultsSchema.parse(JSON.parse(stdout));
}

function requestOf({ peer, options, dim, q, k, params, positives, labels, guide }: PeerCase): object {
  const list = (values: ArrayLike<number> | undefined) => (values === undefined ? undefined : Array.from(values));
  return {
    ...{ peer, options, dim, params, q: list(q), k: list(k), positives: list(positives), labels: list(labels) },
    ...(guide === undefined ? {} : { guide: { q: list(guide.q), k: list(guide.k), dim: guide.dim } }),
  };
}
