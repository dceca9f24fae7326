import type { BoundPlan } from '../plan/bind.js';
import { elementBytes } from '../plan/plan.js';
import { targetNamed } from '../targets/index.js';
import type { Demand, Estimate, MachineModel, PassEstimate, Resource } from './estimate.js';
import { workOf } from './launches.js';
import { boundOf, overlapped, resources } from './roofline.js';
import { vectorDemand } from './vectors.js';

/** Forward and backward of a plan on a machine, by its kernels; those that take no time worth telling are there too. */
export function estimate(bound: BoundPlan, machine: MachineModel): Estimate {
  const { plan } = bound;
  const target = targetNamed(plan.target);
  if (target === undefined) throw new Error(`'${plan.target}' is no target`);
  const { launches, fills } = workOf(bound);
  const passes = new Map<string, Tally>();
  const add = (name: string, demand: Demand, count: number): void => {
    passes.set(name, addTo(passes.get(name) ?? empty, demand, machine, count));
  };
  for (const each of launches) add(each.kernel.name, target.demand(plan, each, machine) ?? vectorDemand(plan, each, machine), each.count);
  for (const { buffer, count } of fills) {
    const { bytes } = bound.buffers.find(({ name }) => name === buffer) ?? { bytes: elementBytes.f32 };
    add('fill', { on: { memory: bytes / machine.memoryBytes }, exposed: 0, flops: 0, bytes }, count);
  }
  const told = [...passes].map(([kernel, tally]) => passOf(kernel, tally));
  return { milliseconds: told.reduce((sum, { milliseconds }) => sum + milliseconds, 0), passes: told };
}

/** Of a kernel's launches, in seconds. */
interface Tally extends Demand {
  readonly seconds: number;
}

const empty: Tally = { seconds: 0, on: {}, exposed: 0, flops: 0, bytes: 0 };

function addTo(tally: Tally, { on, exposed, flops, bytes }: Demand, { launchSeconds }: MachineModel, count: number): Tally {
  const withLaunch = { ...on, launches: launchSeconds };
  return {
    seconds: tally.seconds + count * (overlapped(Object.values(on)) + exposed + launchSeconds),
    on: Object.fromEntries(resources.flatMap((resource) => (withLaunch[resource] === undefined && tally.on[resource] === undefined ? [] : [[resource, (tally.on[resource] ?? 0) + count * (withLaunch[resource] ?? 0)]]))),
    exposed: tally.exposed + count * exposed,
    flops: tally.flops + count * flops,
    bytes: tally.bytes + count * bytes,
  };
}

function passOf(kernel: string, { seconds, on, flops, bytes }: Tally): PassEstimate {
  const milliseconds: Partial<Record<Resource, number>> = Object.fromEntries(Object.entries(on).map(([resource, time]) => [resource, 1000 * time]));
  return { kernel, milliseconds: 1000 * seconds, bound: boundOf(on), on: milliseconds, flops, bytes };
}
