import { z } from 'zod';
import { InfinitileError, type DiagnosticCode } from '../../dsl/diagnostics/index.js';

/** The headers of frames between rank 0 and the others. */

/** Raised with each change of the frames or of what they mean. */
export const protocolVersion = 1;

const count = z.number().int().nonnegative();

/** The first that a rank says. Its first three fields stay the same in every version. */
const greetingSchema = z.object({ kind: z.literal('hello'), protocol: z.number(), version: z.string() });

const helloSchema = greetingSchema.extend({
  /** What the ranks of one group have in common, and those of another on the same machine have not. */
  job: z.string(),
  rank: count,
  ranks: count,
  localRank: count,
  localRanks: count,
});

const toHubSchema = z.discriminatedUnion('kind', [
  /** Its body is the rank's share of a gather. */
  z.object({ kind: z.literal('give'), what: z.string() }),
  z.object({ kind: z.literal('abort'), reason: z.string() }),
]);

const codes = ['INF7101', 'INF7102', 'INF7103'] as const satisfies readonly DiagnosticCode[];

const toRankSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('welcome'), nodes: count }),
  /** Its body is what the ranks gave, one after the other, of these sizes. */
  z.object({ kind: z.literal('gathered'), sizes: z.array(count) }),
  z.object({ kind: z.literal('lost'), diagnostics: z.array(z.object({ code: z.enum(codes), message: z.string(), hint: z.string() })) }),
]);

export type Hello = Readonly<z.infer<typeof helloSchema>>;
export type ToHub = Readonly<z.infer<typeof toHubSchema>>;
export type ToRank = Readonly<z.infer<typeof toRankSchema>>;

/** What came first from a process: of another version, its version alone; of none, undefined. */
export function parseHello(header: unknown): Hello | { readonly version: string } | undefined {
  const greeting = greetingSchema.safeParse(header);
  if (!greeting.success) return undefined;
  if (greeting.data.protocol !== protocolVersion) return { version: greeting.data.version };
  return helloSchema.safeParse(header).data;
}

/** Undefined when it is none of the headers that rank 0 takes. */
export function parseToHub(header: unknown): ToHub | undefined {
  return toHubSchema.safeParse(header).data;
}

/** Undefined when it is none of the headers that rank 0 sends. */
export function parseToRank(header: unknown): ToRank | undefined {
  return toRankSchema.safeParse(header).data;
}

/** A failure of the group, for the other ranks. */
export function lostMessage(error: InfinitileError): ToRank {
  return { kind: 'lost', diagnostics: error.diagnostics.map(({ code, message, hint = '' }) => ({ code: codes.find((known) => known === code) ?? 'INF7101', message, hint })) };
}

export function lostError({ diagnostics }: Extract<ToRank, { kind: 'lost' }>): InfinitileError {
  return new InfinitileError(diagnostics);
}
