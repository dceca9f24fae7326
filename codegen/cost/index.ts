/** What a plan costs on a machine, by a roofline. */

export type { Demand, Estimate, MachineModel, PassEstimate, Resource } from './estimate.js';
export { estimate } from './estimate-plan.js';
export { machineFor } from './machines/index.js';
export { printEstimate } from './print.js';
