/** What a plan costs on a machine, by a roofline. */

export type { AskedMachine, Demand, Estimate, MachineModel, PassEstimate, Resource } from './estimate.js';
export { estimate } from './estimate-plan.js';
export { printEstimate } from './print.js';
