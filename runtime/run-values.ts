import type { ScalarName } from '../codegen/plan/plan.js';
import type { Values } from './execute.js';
import { noScalars, type Scalars } from './scalars.js';

const wordBytes = 4;
const scalarNames = Object.keys(noScalars) as readonly ScalarName[];

/** What the parameters of a run decide, as the inputs of lists that are kept ready: scalars, then uniforms. */
export class RunValues {
  readonly inputs: Float32Array;
  readonly #uniformCount: number;

  constructor(uniformCount: number) {
    this.inputs = new Float32Array(scalarNames.length + uniformCount);
    this.#uniformCount = uniformCount;
  }

  /** The places of the inputs. */
  get values(): Values {
    return {
      scalar: (name) => ({ kind: 'input', offset: scalarNames.indexOf(name) * wordBytes, bytes: wordBytes }),
      uniforms: { kind: 'input', offset: scalarNames.length * wordBytes, bytes: this.#uniformCount * wordBytes },
    };
  }

  set(scalars: Scalars, uniforms: Float32Array): void {
    scalarNames.forEach((name, i) => (this.inputs[i] = scalars[name]));
    this.inputs.set(uniforms, scalarNames.length);
  }
}
