import type { Program } from '../codegen/compile.js';
import type { Step } from '../codegen/plan/plan.js';
import type { NativeBuffer, NativeList } from './addon.js';
import type { Device } from './device/device.js';
import { commandsOf, type Control } from './execute.js';
import type { LoadedProgram } from './loaded-program.js';
import type { Readings } from './readings.js';
import { RunValues } from './run-values.js';
import type { Scalars } from './scalars.js';

/** The walks of a step as one list that the device has read already: a run brings its scalars and takes its readings. */
export class PreparedStep {
  readonly program: Program;
  readonly readings: Readings;
  readonly #list: NativeList;
  /** Pairs of each walk. */
  readonly #pairs: readonly number[];
  readonly #values: RunValues;

  private constructor(program: Program, readings: Readings, list: NativeList, pairs: readonly number[], values: RunValues) {
    this.program = program;
    this.readings = readings;
    this.#list = list;
    this.#pairs = pairs;
    this.#values = values;
  }

  static prepare(
    device: Device,
    { program, bound, modules }: LoadedProgram,
    forward: readonly Step[],
    backward: readonly Step[],
    buffers: ReadonlyMap<string, NativeBuffer>,
    readings: Readings,
    uniformCount: number,
  ): PreparedStep {
    const values = new RunValues(uniformCount);
    const environment = { device, buffers, modules, values: values.values };
    const [first, second] = [commandsOf(bound, forward, environment), commandsOf(bound, backward, environment)];
    const list = device.prepare([...first.commands, readings.clock('forward'), ...second.commands, readings.clock('backward'), readings.read]);
    return new PreparedStep(program, readings, list, [first.pairs, second.pairs], values);
  }

  /** @throws the signal's reason when aborted before it starts. */
  async run(scalars: Scalars, uniforms: Float32Array, { signal, onPairs }: Control): Promise<void> {
    signal?.throwIfAborted();
    this.#values.set(scalars, uniforms);
    await this.#list.run(this.#values.inputs, this.readings.outputs);
    for (const pairs of this.#pairs) if (pairs > 0) onPairs?.(pairs);
  }

  release(): void {
    this.#list.release();
  }
}
