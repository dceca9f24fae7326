import { z } from 'zod';
import { tunedFormat } from './key.js';
import { tilingSchema } from './tiling-schema.js';

const count = z.number().int().nonnegative();
const milliseconds = z.number().positive();

const subjectSchema = z.strictObject({
  loss: z.string(),
  lossHash: z.string(),
  tilingHash: z.string(),
  dim: count,
  guideDim: count,
  precision: z.enum(['f32', 'bf16', 'f16']),
  target: z.string(),
  device: z.string(),
  compiler: z.string(),
  version: z.string(),
  workers: count,
  workspace: count,
  n: count,
  m: count,
});

const timingSchema = z.strictObject({ ms: milliseconds, low: milliseconds, high: milliseconds, rounds: count });

/** A tiling that was found, where it was, and how sure that is: winner.json in the cache, and a file to commit. */
export const tunedSchema = z.strictObject({
  kind: z.literal('tuned'),
  format: z.literal(tunedFormat),
  subject: subjectSchema,
  /** Its settings in one line. */
  id: z.string(),
  tiling: tilingSchema,
  effort: z.enum(['none', 'quick', 'full']),
  seed: z.number(),
  /** Seconds that the search was given; null without a limit. */
  budget: z.number().positive().nullable(),
  /** Whether it came to its end before they were over. */
  complete: z.boolean(),
  created: z.string(),
  /** Null where nothing was timed. */
  usual: timingSchema.nullable(),
  best: timingSchema.nullable(),
  relative: z.strictObject({ ratio: z.number(), low: z.number(), high: z.number() }).nullable(),
  /** Largest error against fp64, by what is allowed. */
  error: z.number().nullable(),
});

export type TunedRecord = Readonly<z.infer<typeof tunedSchema>>;

/** The record in a text, or what is wrong with it. */
export function parseTuned(text: string): { readonly record: TunedRecord } | { readonly problem: string } {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return { problem: 'it is not JSON' };
  }
  const parsed = tunedSchema.safeParse(json);
  if (parsed.success) return { record: parsed.data };
  const [issue] = parsed.error.issues;
  return { problem: issue === undefined ? 'it is no tuned tiling' : `${issue.path.length === 0 ? 'it' : issue.path.join('.')}: ${issue.message}` };
}

export function printTuned(record: TunedRecord): string {
  return `${JSON.stringify(record, undefined, 2)}\n`;
}
