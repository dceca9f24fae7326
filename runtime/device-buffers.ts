import type { BoundPlan } from '../codegen/plan/bind.js';
import type { Program } from '../codegen/compile.js';
import type { NativeBuffer } from './addon.js';
import type { Device } from './device/device.js';

/** The buffers of a session by name. Inputs and statistics are kept between programs; workspace belongs to the one that ran last. */
export class DeviceBuffers {
  readonly #device: Device;
  readonly #buffers = new Map<string, NativeBuffer>();
  #workspaceOf: Program | undefined;

  constructor(device: Device) {
    this.#device = device;
  }

  get all(): ReadonlyMap<string, NativeBuffer> {
    return this.#buffers;
  }

  /** The names among them that were not there before: of arbitrary content. */
  allocate(program: Program, { buffers }: BoundPlan, names: ReadonlySet<string>): readonly string[] {
    if (this.#workspaceOf !== undefined && this.#workspaceOf !== program) this.#dropWorkspace(this.#workspaceOf);
    this.#workspaceOf = program;
    const missing = buffers.filter(({ name }) => names.has(name) && !this.#buffers.has(name));
    for (const { name, bytes } of missing) this.#buffers.set(name, this.#device.allocate(Math.max(bytes, 4)));
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

  close(): void {
    for (const buffer of this.#buffers.values()) buffer.free();
    this.#buffers.clear();
  }

  /** What another program sizes in its own way: workspace, and sums whose number is the program's. */
  #dropWorkspace({ plan }: Program): void {
    for (const { name, role } of plan.buffers) {
      if (role !== 'workspace' && !name.endsWith('Extra')) continue;
      this.#buffers.get(name)?.free();
      this.#buffers.delete(name);
    }
  }
}
