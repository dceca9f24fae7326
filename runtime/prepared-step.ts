import type { Program } from '../codegen/compile.js';
import type { ScalarName, Step } from '../codegen/plan/plan.js';
import type { NativeBuffer, NativeList } from './addon.js';
import type { Device } from './device/device.js';
import { commandsOf, type Control, type Values } from './execute.js';
import type { LoadedProgram } from './loaded-program.js';
import type { Readings } from './readings.js';
import { noScalars, type Scalars } from './scalars.js';

const wordBytes = 4;
const scalarNames = Object.keys(noScalars) as readonly ScalarName[];

/** The walks of a step as one list that the device has read already: a run brings its scalars and takes its readings. */
export class PreparedStep {
  readonly program: Program;
  readonly readings: Readings;
  readonly #list: NativeList;
  /** Pairs of each walk. */
  readonly #pairs: readonly number[];
  /** Scalars, then uniforms. */
  readonly #inputs: Float32Array;

  private constructor(program: Program, readings: Readings, list: NativeList, pairs: readonly number[], uniformCount: number) {
    this.program = program;
    this.readings = readings;
    this.#list = list;
    this.#pairs = pairs;
    this.#inputs = new Float32Array(scalarNames.length + uniformCount);
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
    const environment = { device, buffers, modules, values: valuesOfInputs(uniformCount) };
    const [first, second] = [commandsOf(bound, forward, environment), commandsOf(bound, backward, environment)];
    const list = device.prepare([...first.commands, readings.clock('forward'), ...second.commands, readings.clock('backward'), readings.read]);
    return new PreparedStep(program, readings, list, [first.pairs, second.pairs], uniformCount);
  }

  /** @throws the signal's reason when aborted before it starts. */
  async run(scalars: Scalars, uniforms: Float32Array, { signal, onPairs }: Control): Promise<void> {
    signal?.throwIfAborted();
    scalarNames.forEach((name, i) => (this.#inputs[i] = scalars[name]));
    this.#inputs.set(uniforms, scalarNames.length);
    await this.#list.run(this.#inputs, this.readings.outputs);
    for (const pairs of this.#pairs) if (pairs > 0) onPairs?.(pairs);
  }

  release(): void {
    this.#list.release();
  }
}

function valuesOfInputs(uniformCount: number): Values {
  return {
    scalar: (name) => ({ kind: 'input', offset: scalarNames.indexOf(name) * wordBytes, bytes: wordBytes }),
    uniforms: { kind: 'input', offset: scalarNames.length * wordBytes, bytes: uniformCount * wordBytes },
  };
}
