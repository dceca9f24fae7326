import type { BoundPlan } from '../codegen/plan/bind.js';
import type { Program } from '../codegen/compile.js';
import type { NativeBuffer } from './addon.js';
import { Arena } from './arena.js';
import type { Device } from './device/device.js';

/** What a step is read from, whatever its shapes: these lie side by side, doubles first, so that nothing is left between them. */
export const readingNames = ['rowLoss', 'colLoss', 'rowParams', 'colParams', 'scalars', 'flags'] as const;
export type ReadingName = (typeof readingNames)[number];

/**
 * The buffers of a session by name. Inputs and statistics are kept between programs that size them alike; workspace belongs to
 * the one that ran last.
 */
export class DeviceBuffers {
  readonly #device: Device;
  readonly #beforeFree: () => void;
  readonly #buffers = new Map<string, NativeBuffer>();
  readonly #bytes = new Map<string, number>();
  #readings: Arena | undefined;
  #workspaceOf: Program | undefined;

  /** `beforeFree` lets go of what else may hold buffers. */
  constructor(device: Device, beforeFree: () => void) {
    this.#device = device;
    this.#beforeFree = beforeFree;
  }

  get all(): ReadonlyMap<string, NativeBuffer> {
    return this.#buffers;
  }

  /** The names among them that were not there before: of arbitrary content. */
  allocate(program: Program, { buffers }: BoundPlan, names: ReadonlySet<string>): readonly string[] {
    if (this.#workspaceOf !== undefined && this.#workspaceOf !== program) this.#dropWorkspace(this.#workspaceOf);
    this.#workspaceOf = program;
    const missing = buffers.filter(({ name, bytes }) => names.has(name) && this.#bytes.get(name) !== bytes);
    for (const { name, bytes } of missing) {
      this.#free(name);
      this.#buffers.set(name, this.#part(name, buffers) ?? this.#device.allocate(Math.max(bytes, 4)));
      this.#bytes.set(name, bytes);
    }
    return missing.map(({ name }) => name);
  }

  has(name: string): boolean {
    return this.#buffers.has(name);
  }

  require(name: string): NativeBuffer {
    const buffer = this.#buffers.get(name);
    if (buffer === undefined) throw new Error(`'${name}' is not there: the step that makes it has not run`);
    return buffer;
  }

  /** Where the readings lie; those that no step has made hold nothing yet. */
  get readings(): Arena {
    if (this.#readings === undefined) throw new Error('there are no readings: no step has been allocated');
    return this.#readings;
  }

  close(): void {
    for (const name of [...this.#buffers.keys()]) this.#free(name);
    this.#readings?.free();
    this.#readings = undefined;
  }

  /** The place of a reading; undefined for other buffers. */
  #part(name: string, buffers: BoundPlan['buffers']): NativeBuffer | undefined {
    if (!readingNames.some((reading) => reading === name)) return undefined;
    this.#readings ??= new Arena(this.#device, readingNames.flatMap((reading) => buffers.filter((buffer) => buffer.name === reading)));
    const place = this.#readings.places.get(name);
    if (place === undefined) throw new Error(`the programs of a session have the same readings; '${name}' was not among them`);
    return this.#readings.whole.part(place.offset, place.bytes);
  }

  #dropWorkspace({ plan }: Program): void {
    for (const { name, role } of plan.buffers) if (role === 'workspace') this.#free(name);
  }

  #free(name: string): void {
    this.#beforeFree();
    this.#buffers.get(name)?.free();
    this.#buffers.delete(name);
    this.#bytes.delete(name);
  }
}
