import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { z } from 'zod';
import { packagePath } from '../../codegen/emit/package-path.js';
import type { Precision } from '../../dsl/problem.js';
import type { ShapedArray } from '../tensor/tensor.js';

export const torchVersions = ['torch-dense', 'torch-chunks'] as const;
export type TorchVersion = (typeof torchVersions)[number];

export interface TorchOptions {
  readonly device: 'cpu' | 'cuda';
  readonly threads: number;
  readonly precision: Precision;
}

/** What PyTorch cannot do here, and why: no failure of the benchmark. */
export class TorchUnable extends Error {
  override readonly name = 'TorchUnable';
}

const unable = z.object({ unable: z.string() });
const opened = z.object({ torch: z.string(), device: z.string() });
const loaded = z.object({});
const stepped = z.object({ ms: z.number(), loss: z.number(), logScaleGradient: z.number() });

export type TorchStep = z.infer<typeof stepped>;

/** PyTorch in a process of its own: it is given inputs once and steps when told to. */
export class TorchPeer {
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #lines: AsyncIterator<string>;
  readonly #signal: AbortSignal;
  readonly #abort = (): void => this.close();
  /** The end of what it wrote to standard error. */
  #complaints = '';

  private constructor(program: string, signal: AbortSignal) {
    this.#signal = signal;
    this.#child = spawn(program, [packagePath('runtime', 'bench', 'torch_peer.py')], { stdio: ['pipe', 'pipe', 'pipe'] });
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => (this.#complaints = (this.#complaints + text).slice(-4000)));
    // That it has ended is told by the end of its output.
    this.#child.on('error', () => undefined);
    this.#child.stdin.on('error', () => undefined);
    signal.addEventListener('abort', this.#abort, { once: true });
  }

  /** @throws {TorchUnable} when torch cannot be loaded, or has no such device. */
  static async start(program: string, options: TorchOptions, signal: AbortSignal): Promise<TorchPeer> {
    const peer = new TorchPeer(program, signal);
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

  /** One forward and backward. @throws {TorchUnable} when there is not enough memory. */
  step(version: TorchVersion, logScale: number): Promise<TorchStep> {
    return this.#ask({ command: 'step', version, logScale }, stepped);
  }

  close(): void {
    this.#signal.removeEventListener('abort', this.#abort);
    this.#child.kill('SIGKILL');
  }

  async #ask<T>(request: object, schema: z.ZodType<T>, payload?: Uint8Array): Promise<T> {
    this.#signal.throwIfAborted();
    this.#child.stdin.write(`${JSON.stringify(request)}\n`);
    if (payload !== undefined) this.#child.stdin.write(payload);
    const line = await this.#lines.next();
    this.#signal.throwIfAborted();
    if (line.done === true) throw new TorchUnable(`its process ended: ${this.#complaints.trim().split('\n').at(-1) ?? 'it said nothing'}`);
    const answer: unknown = JSON.parse(line.value);
    const refused = unable.safeParse(answer);
    if (refused.success) throw new TorchUnable(refused.data.unable);
    return schema.parse(answer);
  }
}
