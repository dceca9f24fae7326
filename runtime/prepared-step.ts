import type { Program } from '../codegen/compile.js';
import type { Step } from '../codegen/plan/plan.js';
import type { NativeBuffer } from './addon.js';
import type { Device } from './device/device.js';
import { commandsOf, type Control } from './execute.js';
import type { LoadedProgram } from './loaded-program.js';
import { PreparedList } from './prepared-list.js';
import type { Readings } from './readings.js';
import type { Scalars } from './scalars.js';

/** The walks of a step as one list that the device has read already, and its readings. */
export class PreparedStep {
  readonly program: Program;
  readonly readings: Readings;
  readonly #list: PreparedList;

  constructor(
    device: Device,
    { program, bound, modules }: LoadedProgram,
    forward: readonly Step[],
    backward: readonly Step[],
    buffers: ReadonlyMap<string, NativeBuffer>,
    readings: Readings,
    uniformCount: number,
  ) {
    this.program = program;
    this.readings = readings;
    this.#list = new PreparedList(device, uniformCount, readings.outputs, (values) => {
      const environment = { device, buffers, modules, values };
      const [first, second] = [commandsOf(bound, forward, environment), commandsOf(bound, backward, environment)];
      return { commands: [...first.commands, readings.clock('forward'), ...second.commands, readings.clock('backward'), readings.read], pairs: [first.pairs, second.pairs] };
    });
  }

  /** @throws the signal's reason when aborted before it starts. */
  async run(scalars: Scalars, uniforms: Float32Array, control: Control): Promise<void> {
    await this.#list.run(scalars, uniforms, control);
  }

  release(): void {
    this.#list.release();
  }
}
