import type { NativeBuffer } from './addon.js';
import type { Device } from './device/device.js';

/** That of a double: a kernel that reads more at a time needs a buffer of its own. */
const alignmentBytes = 8;

export interface Place {
  readonly offset: number;
  readonly bytes: number;
}

/** Buffers of single numbers side by side in one allocation, so that one copy brings home all of them. */
export class Arena {
  readonly whole: NativeBuffer;
  readonly places: ReadonlyMap<string, Place>;

  /** @throws {InfinitileError} INF7002 when the device has not enough memory. */
  constructor(device: Device, buffers: readonly { readonly name: string; readonly bytes: number }[]) {
    const places = new Map<string, Place>();
    let end = 0;
    for (const { name, bytes } of buffers) {
      const offset = Math.ceil(end / alignmentBytes) * alignmentBytes;
      places.set(name, { offset, bytes });
      end = offset + bytes;
    }
    this.whole = device.allocate(end);
    this.places = places;
  }

  free(): void {
    this.whole.free();
  }
}
