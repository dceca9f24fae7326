import { z } from 'zod';

/** What is found out of candidates, by their ids. Milliseconds are of forward and backward. */
const milliseconds = z.number().positive();

export const measurementSchema = z.discriminatedUnion('kind', [
  /** The usual tiling and some candidates were timed, one after the other. */
  z.strictObject({ kind: z.literal('round'), usual: milliseconds, times: z.record(z.string(), milliseconds) }),
  /** The largest error against fp64, by what is allowed: 1 is the most that is right. Null where a result is not a number. */
  z.strictObject({ kind: z.literal('check'), id: z.string(), error: z.number().nonnegative().nullable(), worst: z.string() }),
  z.strictObject({ kind: z.literal('failure'), id: z.string(), stage: z.enum(['compile', 'run', 'timeout', 'check']), reason: z.string() }),
]);

export type Measurement = Readonly<z.infer<typeof measurementSchema>>;
export type Failure = Extract<Measurement, { kind: 'failure' }>;
