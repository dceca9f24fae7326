import { z } from 'zod';
import type { PairwiseLoss } from '../../../dsl/loss.js';
import type { Precision } from '../../../dsl/problem.js';
import type { Tiling } from '../../../dsl/tiling.js';
import type { Parameters } from '../../scalars.js';

/** What is timed: a process is told once. */
export interface Problem {
  readonly loss: PairwiseLoss;
  readonly dim: number;
  readonly precision: Precision;
  /** A target's own name. */
  readonly target: string;
  /** The GPU's place in the driver's list. */
  readonly gpu: number;
  readonly threads: number;
  /** Bytes. */
  readonly workspace: number;
  /** Queries and keys. */
  readonly n: number;
  readonly m: number;
  readonly params: Parameters;
}

export type Request =
  | { readonly kind: 'open'; readonly problem: Problem }
  | { readonly kind: 'time'; readonly tiling: Tiling }
  | { readonly kind: 'check'; readonly tiling: Tiling };

/** Milliseconds on the device and on the wall clock, of forward and backward. */
const timed = z.strictObject({ kind: z.literal('timed'), ms: z.number().positive(), wallMs: z.number().positive(), softmax: z.enum(['bounded', 'running']) });
/** The largest error by what is allowed, null where it is not a number; and what has it. */
const checked = z.strictObject({ kind: z.literal('checked'), error: z.number().nonnegative().nullable(), worst: z.string() });
const failed = z.strictObject({ kind: z.literal('failed'), message: z.string() });

export const answerSchema = z.discriminatedUnion('kind', [z.strictObject({ kind: z.literal('opened') }), timed, checked, failed]);

export type Answer = Readonly<z.infer<typeof answerSchema>>;
export type Timed = Readonly<z.infer<typeof timed>>;
export type Checked = Readonly<z.infer<typeof checked>>;
