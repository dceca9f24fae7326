import type { Kernel as PlannedKernel, Plan } from '../../codegen/plan/plan.js';
import type { KernelReport } from '../artifact/manifest.js';
import type { TimedCommand } from '../execute.js';
import { median } from './median.js';

/** A kernel of the plan in one step: its launches together. */
export interface Pass {
  readonly name: string;
  readonly launches: number;
  readonly ms: number;
  /** At 2 rows cols D a product; null of a pass that multiplies no matrices. */
  readonly tflops: number | null;
  /** The time of the same product by the library's kernel (`cublas`) through the time of the pass; null where it was not taken. */
  readonly ofProduct: number | null;
  /** As the GPU's compiler reports: per thread, and bytes of spill stores and loads. Null on a CPU. */
  readonly registers: number | null;
  readonly spillBytes: number | null;
  /** Of a block, static and dynamic. */
  readonly sharedBytes: number | null;
}

/** A product's name and milliseconds. */
export interface Product {
  readonly name: string;
  readonly ms: number;
}

/** The kernels that multiply matrices, and the products of peers/products.py that are the same work. */
const productsOf: Readonly<Record<string, readonly string[]>> = {
  guide: ['forward Q K^T'],
  stats: ['forward Q K^T'],
  gradient: ['backward Q K^T'],
  weights: ['backward Q K^T'],
  accumulate: ['G K', 'G^T Q'],
  accumulateQueries: ['G K'],
  accumulateKeys: ['G^T Q'],
};

interface Sum {
  launches: number;
  pairs: number;
  ms: number;
}

/** Times of commands, step after step. */
export class PassTimes {
  readonly #steps: Map<string, Sum>[] = [];

  /** What a step is given to report to. */
  nextStep(): (command: TimedCommand) => void {
    const sums = new Map<string, Sum>();
    this.#steps.push(sums);
    return ({ name, pairs, milliseconds }) => {
      const sum = sums.get(name) ?? { launches: 0, pairs: 0, ms: 0 };
      sums.set(name, { launches: sum.launches + 1, pairs: sum.pairs + pairs, ms: sum.ms + milliseconds });
    };
  }

  /** Medians of the steps, in the order in which the first ran them. */
  passes(plan: Pick<Plan, 'dim' | 'kernels'>, reports: readonly KernelReport[], products: readonly Product[]): readonly Pass[] {
    const [first = new Map<string, Sum>()] = this.#steps;
    return [...first].map(([name, { launches, pairs }]) => {
      const ms = median(this.#steps.flatMap((step) => step.get(name)?.ms ?? []));
      const multiplied = productsOf[name] ?? [];
      const same = products.filter((product) => multiplied.includes(product.name));
      return {
        ...{ name, launches, ms },
        tflops: multiplied.length === 0 ? null : (2 * multiplied.length * pairs * plan.dim) / ms / 1e9,
        ofProduct: same.length === 0 ? null : same.reduce((sum, product) => sum + product.ms, 0) / ms,
        ...resources(plan.kernels.find((kernel) => kernel.name === name), reports.find(({ kernel }) => kernel === name)),
      };
    });
  }
}

function resources(planned: PlannedKernel | undefined, report: KernelReport | undefined): Pick<Pass, 'registers' | 'spillBytes' | 'sharedBytes'> {
  if (planned === undefined || report === undefined) return { registers: null, spillBytes: null, sharedBytes: null };
  return { registers: report.registers, spillBytes: report.spillStores + report.spillLoads, sharedBytes: report.shared + planned.sharedBytes };
}
