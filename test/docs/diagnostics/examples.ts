import { commandExamples } from './command-examples.js';
import type { Example } from './example.js';
import { machineExamples } from './machine-examples.js';
import { ringExamples } from './ring-examples.js';
import { sourceExamples } from './source-examples.js';
import { spaceExamples } from './space-examples.js';

/** By code. */
export const examples: ReadonlyMap<string, Example> = new Map([...sourceExamples(), ...commandExamples(), ...machineExamples(), ...ringExamples(), ...spaceExamples()]);
