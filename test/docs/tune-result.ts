import { readFileSync } from 'node:fs';
import { z } from 'zod';
import type { TuneResult } from '../../runtime/tune/result.js';
import { tilingSchema } from '../../runtime/tune/store/tiling-schema.js';

const number = z.number();
const text = z.string();
const settings = z.record(text, z.union([number, text]));
const resources = ['arithmetic', 'special functions', 'shared memory', 'L1', 'L2', 'memory', 'launches'] as const;
const levels = ['ring', 'chunk', 'block', 'register', 'instruction', 'stats', 'gradient', 'guide', 'accumulate'] as const;

const estimate = z.object({
  milliseconds: number,
  passes: z.array(
    z.object({ kernel: text, milliseconds: number, bound: z.enum(resources), on: z.partialRecord(z.enum(resources), number), flops: number, bytes: number }),
  ),
});

const ranked = z.object({
  id: text,
  tiling: tilingSchema,
  settings,
  predicted: estimate,
  timing: z.object({ ms: number, low: number, high: number, rounds: number }).exactOptional(),
  relative: z.object({ ratio: number, low: number, high: number }).exactOptional(),
  error: number.exactOptional(),
});

/** What a search has found, as a file of JSON. */
const tuneResultSchema: z.ZodType<TuneResult> = z.object({
  subject: z.object({
    ...{ loss: text, lossHash: text, dim: number, precision: z.enum(['f32', 'bf16', 'f16']), target: text, device: text },
    ...{ compiler: text, version: text, n: number, m: number, workers: number, workspace: number },
  }),
  machine: z.object({
    ...{ name: text, flops: number, memoryBytes: number, workers: number, clock: number, macsPerClock: number, operationsPerClock: number, specialPerClock: number },
    ...{ sharedBytesPerClock: number, l2Bytes: number, l3Bytes: number.exactOptional(), launchSeconds: number, latencySeconds: number },
    capacity: z.object({ l1: number.exactOptional(), l2: number, l3: number.exactOptional() }),
  }),
  effort: z.enum(['none', 'quick', 'full']),
  seed: number,
  axes: z.array(z.object({ level: z.enum(levels), knob: text, values: z.array(z.union([number, text])) })),
  usual: ranked,
  best: ranked,
  timed: z.array(ranked),
  untimed: z.array(ranked),
  failed: z.array(z.object({ id: text, settings, predicted: estimate, stage: z.enum(['compile', 'run', 'timeout', 'check']), reason: text })),
  seconds: number,
  fromCache: z.boolean(),
});

export function readTuneResult(file: string): TuneResult {
  return tuneResultSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
}
