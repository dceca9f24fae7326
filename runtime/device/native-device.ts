import type { NativeBuffer, NativeCommand, NativeDevice, NativeList, NativeModule } from '../addon.js';
import type { Device } from './device.js';
import { deviceFailure, outOfMemory, rankLost } from './errors.js';

/** A device of the addon, its errors told as diagnostics. */
export class DeviceOfAddon implements Device {
  readonly kind: Device['kind'];
  readonly description: string;
  readonly #native: NativeDevice;

  constructor(kind: Device['kind'], description: string, native: NativeDevice) {
    this.kind = kind;
    this.description = description;
    this.#native = native;
  }

  /** For what joins devices: a transport. */
  get native(): NativeDevice {
    return this.#native;
  }

  get allocatedBytes(): number {
    return this.#native.allocatedBytes;
  }

  get peakBytes(): number {
    return this.#native.peakBytes;
  }

  resetPeak(): void {
    this.#native.resetPeak();
  }

  allocate(bytes: number): NativeBuffer {
    try {
      return this.#native.allocate(bytes);
    } catch (error) {
      throw isOutOfMemory(error) ? outOfMemory(this, bytes, error) : deviceFailure(this, error);
    }
  }

  loadModule(source: string | Uint8Array): NativeModule {
    try {
      return this.#native.loadModule(source);
    } catch (error) {
      throw deviceFailure(this, error);
    }
  }

  async run(commands: readonly NativeCommand[], outputs?: ArrayBufferView): Promise<number> {
    return this.#told(this.#native.run(commands, outputs));
  }

  async profile(commands: readonly NativeCommand[], outputs?: ArrayBufferView): Promise<Float64Array> {
    return this.#told(this.#native.profile(commands, outputs));
  }

  prepare(commands: readonly NativeCommand[]): NativeList {
    let list: NativeList;
    try {
      list = this.#native.prepare(commands);
    } catch (error) {
      throw deviceFailure(this, error);
    }
    return { run: (inputs, outputs) => this.#told(list.run(inputs, outputs)), release: () => list.release() };
  }

  reaches(other: Device): boolean {
    return other instanceof DeviceOfAddon && this.#native.reaches(other.native);
  }

  close(): void {
    this.#native.close();
  }

  async #told<Result>(work: Promise<Result>): Promise<Result> {
    try {
      return await work;
    } catch (error) {
      throw isTransportFailure(error) ? rankLost(error) : deviceFailure(this, error);
    }
  }
}

function isOutOfMemory(error: unknown): error is Error {
  return hasCode(error, 'OUT_OF_MEMORY');
}

export function isTransportFailure(error: unknown): error is Error {
  return hasCode(error, 'TRANSPORT');
}

function hasCode(error: unknown, code: string): error is Error {
  return error instanceof Error && 'code' in error && error.code === code;
}
