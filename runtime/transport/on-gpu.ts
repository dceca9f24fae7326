import type { NativeTransport } from '../addon.js';
import type { Device } from '../device/device.js';
import type { Communicator, ShownRank } from './communicator.js';
import { Member } from './control-plane.js';

/** A communicator of ranks that have taken GPUs, to whose devices its transport is no stranger: local, or MPI through main memory. */
export class OnGpu extends Member implements Communicator {
  readonly transport: Communicator['transport'];
  readonly gpu: number;
  readonly #communicator: Communicator;

  /** @param remark about how messages go, for people; empty for none. */
  constructor(communicator: Communicator, gpu: number, remark: string) {
    super(communicator, communicator.nodes, remark === '' ? communicator.description : `${communicator.description}; ${remark}`);
    this.transport = communicator.transport;
    this.gpu = gpu;
    this.#communicator = communicator;
  }

  get lost(): AbortSignal {
    return this.#communicator.lost;
  }

  gather(bytes: Uint8Array, what: string): Promise<readonly Uint8Array[]> {
    return this.#communicator.gather(bytes, what);
  }

  attach(device: Device): Promise<NativeTransport> {
    return this.#communicator.attach(device);
  }

  override show(own: ShownRank): Promise<readonly ShownRank[]> {
    return this.#communicator.show(own);
  }

  abort(reason: unknown): void {
    this.#communicator.abort(reason);
  }

  close(): Promise<void> {
    return this.#communicator.close();
  }
}
