import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { delimiter, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { z } from 'zod';
import { packagePath } from '../../codegen/emit/package-path.js';
import type { Precision } from '../../dsl/problem.js';
import type { Parameters } from '../scalars.js';
import type { ShapedArray } from '../tensor/tensor.js';
import type { PeerVersion } from './peer-catalog.js';

export interface PeerOptions {
  readonly version: PeerVersion;
  readonly loss: string;
  readonly device: 'cpu' | 'cuda';
  readonly threads: number;
  readonly precision: Precision;
}

/** What a peer cannot do here, and why: no failure of the benchmark. */
export class PeerUnable extends Error {
  override readonly name = 'PeerUnable';
}

const unable = z.object({ unable: z.string() });
const opened = z.object({ torch: z.string(), device: z.string() });
const loaded = z.object({});
const stepped = z.object({
  ms: z.number(),
  /** Null of bare products, which have none. */
  loss: z.number().nullable(),
  gradients: z.record(z.string(), z.number()),
  /** Null where it is not known. */
  peakBeyondInputsBytes: z.number().nullable(),
  parts: z.array(z.object({ name: z.string(), ms: z.number() })),
  note: z.string().nullable(),
});

export type PeerStep = z.infer<typeof stepped>;

/** A pipe takes no more at once; and between two pieces an abort is heard. */
const pieceBytes = 64 * 2 ** 20;

/** Another implementation in a process of its own: it is given inputs once and steps when told to. */
export class PeerProcess {
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #lines: AsyncIterator<string>;
  readonly #signal: AbortSignal;
  readonly #abort = (): void => this.close();
  #ended = false;
  /** The end of what it wrote to standard error. */
  #complaints = '';

  private constructor(program: string, signal: AbortSignal) {
    this.#signal = signal;
    const home = packagePath('runtime', 'bench');
    const given = (process.env['PYTHONPATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
    const env = { ...process.env, PYTHONPATH: [home, ...given.map((folder) => resolve(folder))].join(delimiter) };
    // Python looks for modules where it is started too: not among whatever lies where the command was.
    this.#child = spawn(program, ['-B', '-m', 'peers'], { env, cwd: home, stdio: ['pipe', 'pipe', 'pipe'] });
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => (this.#complaints = (this.#complaints + text).slice(-4000)));
    // That it has ended is told by the end of its output.
    this.#child.on('error', () => undefined);
    this.#child.on('close', () => (this.#ended = true));
    this.#child.stdin.on('error', () => (this.#ended = true));
    signal.addEventListener('abort', this.#abort, { once: true });
  }

  /** @throws {PeerUnable} when a package cannot be loaded, or there is no such device. */
  static async start(program: string, options: PeerOptions, signal: AbortSignal): Promise<PeerProcess> {
    const peer = new PeerProcess(program, signal);
    try {
      await peer.#ask({ command: 'open', ...options }, opened);
      return peer;
    } catch (error) {
      peer.close();
      throw error;
    }
  }

  /** Hands over an input, row-major, in the precision of the peer. */
  async load(name: 'q' | 'k', { data, shape: [rows, dim] }: ShapedArray): Promise<void> {
    await this.#ask({ command: 'load', name, rows, dim, bytes: data.byteLength }, loaded, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }

  /** One forward and backward. @throws {PeerUnable} when there is not enough memory, or it fails otherwise. */
  step(params: Parameters): Promise<PeerStep> {
    return this.#ask({ command: 'step', params }, stepped);
  }

  close(): void {
    this.#signal.removeEventListener('abort', this.#abort);
    this.#child.kill('SIGKILL');
  }

  async #ask<T>(request: object, schema: z.ZodType<T>, payload: Uint8Array = new Uint8Array(0)): Promise<T> {
    this.#signal.throwIfAborted();
    this.#child.stdin.write(`${JSON.stringify(request)}\n`);
    for (let start = 0; start < payload.length && !this.#ended; start += pieceBytes) await this.#write(payload.subarray(start, start + pieceBytes));
    const line = await this.#lines.next();
    this.#signal.throwIfAborted();
    if (line.done === true) throw new PeerUnable(`its process ended: ${this.#complaints.trim().split('\n').at(-1) ?? 'it said nothing'}`);
    const answer: unknown = JSON.parse(line.value);
    const refused = unable.safeParse(answer);
    if (refused.success) throw new PeerUnable(refused.data.unable);
    return schema.parse(answer);
  }

  /** Waits until the pipe has room again, or the process is gone. */
  async #write(piece: Uint8Array): Promise<void> {
    if (this.#child.stdin.write(piece)) return;
    const settled = new AbortController();
    const until = (emitter: Writable | ChildProcessByStdio<Writable, Readable, Readable>, event: string) => once(emitter, event, { signal: settled.signal }).catch(() => undefined);
    await Promise.race([until(this.#child.stdin, 'drain'), until(this.#child, 'close')]);
    settled.abort();
  }
}
