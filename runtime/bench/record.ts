import { z } from 'zod';
import { compilerVersion } from '../../codegen/emit/header.js';
import { printTiling } from '../../codegen/plan/tiling.js';
import { matrixShape, usesTensor } from '../matrix-shape.js';
import { tilingOrigins } from '../tune/origin.js';
import type { BenchResult, PeerResult } from './contender.js';
import type { Pass } from './passes.js';
import { peerVersions } from './peer-catalog.js';
import type { SyntheticShape } from './synthetic.js';

/** What `bench --json` prints, and what the tables of docs/performance.md are made of. */

const milliseconds = z.number().nonnegative();
const count = z.number().int().nonnegative();

const passSchema = z.strictObject({
  name: z.string(),
  launches: count,
  ms: milliseconds,
  tflops: z.number().nullable(),
  ofProduct: z.number().nullable(),
  registers: count.nullable(),
  spillBytes: count.nullable(),
  sharedBytes: count.nullable(),
});

const peerSchema = z.union([
  z.strictObject({ absent: z.string() }),
  z.strictObject({
    ms: milliseconds,
    /** Its time through ours: on the wall clock, and on the device. */
    ratio: z.number(),
    deviceRatio: z.number(),
    parts: z.array(z.strictObject({ name: z.string(), ms: milliseconds })),
    peakBeyondInputsBytes: count.nullable(),
    note: z.string().nullable(),
    agreement: z
      .strictObject({
        lossApart: z.number(),
        gradientApart: z.number(),
        tolerance: z.strictObject({ loss: z.number(), gradient: z.number(), because: z.string().optional() }),
      })
      .nullable(),
  }),
]);

const caseSchema = z.strictObject({
  loss: z.string(),
  /** The device's own name. */
  device: z.string(),
  target: z.string(),
  /** A level a line, as `inspect` prints it. */
  tiling: z.array(z.string()),
  /** Where it comes from. A record need not have it. */
  origin: z.enum(tilingOrigins).optional(),
  /** The chunk that was used, after the budget. */
  chunk: z.strictObject({ rows: count, cols: count }),
  precision: z.enum(['f32', 'bf16', 'f16']),
  /** Rows and columns of the matrix. */
  n: count,
  m: count,
  dim: count,
  params: z.record(z.string(), z.number()),
  rounds: count,
  forwardMs: milliseconds,
  forwardBackwardMs: milliseconds,
  forwardDeviceMs: milliseconds,
  forwardBackwardDeviceMs: milliseconds,
  /** Of forward and backward, what a round's wall clock shows beyond the device's time. A record need not have it. */
  overheadMs: z.number().optional(),
  /** At 8 N M D, whatever the loss needs, by the wall clock. */
  gflops: z.number(),
  workspaceBytes: count,
  /** The most on the device: beyond inputs, and beyond inputs and outputs. Of several ranks, the one with the most. */
  peakBeyondInputsBytes: count,
  peakExtraBytes: count,
  passes: z.array(passSchema).nullable(),
  against: z.partialRecord(z.enum(peerVersions), peerSchema).nullable(),
  /** Forward and backward through those of the first loss of the same shape, or of one rank; null where a loss was timed alone. */
  ofFirst: z.strictObject({ wall: z.number(), device: z.number() }).nullable(),
  /** With `--ranks`. The wall clock is that of all ranks; target, chunk, workspace and times on the device are of rank 0. */
  ring: z
    .strictObject({
      ranks: count,
      /** What the rank sends which sends most. */
      bytesForward: count,
      bytesBackward: count,
    })
    .optional(),
});

export const benchSchema = z.strictObject({
  infinitile: z.string(),
  /** The arguments of the command line. */
  command: z.string(),
  cases: z.array(caseSchema),
});

export type PassRecord = Readonly<z.infer<typeof passSchema>>;
export type PeerRecord = Readonly<z.infer<typeof peerSchema>>;
export type CaseRecord = Readonly<z.infer<typeof caseSchema>>;
export type BenchRecord = Readonly<z.infer<typeof benchSchema>>;

export function benchRecord(args: readonly string[], cases: readonly CaseRecord[]): BenchRecord {
  return { infinitile: compilerVersion, command: ['infinitile', ...args].join(' '), cases: [...cases] };
}

/** Losses of one shape, or one loss on several numbers of ranks, timed in turns. */
export function caseRecords(results: readonly BenchResult[], shape: SyntheticShape, params: readonly Readonly<Record<string, number>>[]): readonly CaseRecord[] {
  const [first] = results;
  const inRings = results.some(({ ranks }) => ranks > 1);
  return results.map((result, i) => {
    const { kernel, bound, passes, against, ranks, traffic, ...times } = result;
    const { forwardBackwardMs, forwardBackwardDeviceMs } = times;
    const { n, m } = matrixShape(kernel.loss, { queries: shape.n, keys: usesTensor(kernel.loss, 'keys') ? shape.m : 0 });
    return {
      loss: kernel.loss.name,
      device: kernel.device.description,
      target: kernel.target.name,
      tiling: [...printTiling(kernel.plan.tiling)],
      origin: kernel.origin,
      chunk: { ...bound.chunk },
      precision: kernel.plan.precision,
      ...{ n, m, dim: shape.dim, params: { ...params[i] } },
      ...times,
      gflops: gflopsOf({ n, m, dim: shape.dim }, forwardBackwardMs),
      workspaceBytes: bound.workspaceBytes,
      passes: passes === null ? null : passes.map((pass: Pass) => ({ ...pass })),
      against: against === null ? null : Object.fromEntries(Object.entries(against).map(([version, peer]) => [version, peerRecord(peer, result)])),
      ofFirst: first === undefined || results.length === 1 ? null : { wall: forwardBackwardMs / first.forwardBackwardMs, device: forwardBackwardDeviceMs / first.forwardBackwardDeviceMs },
      ...(inRings ? { ring: { ranks, bytesForward: traffic.forward, bytesBackward: traffic.backward } } : {}),
    };
  });
}

/** At 8 N M D: a product of matrices forward, and three backward. */
export function gflopsOf({ n, m, dim }: SyntheticShape, ms: number): number {
  return (8 * n * m * dim) / ms / 1e6;
}

function peerRecord(peer: PeerResult, ours: BenchResult): PeerRecord {
  if ('absent' in peer) return { absent: peer.absent };
  const { ms, parts, peakBeyondInputsBytes, note, agreement } = peer;
  return {
    ...{ ms, ratio: ms / ours.forwardBackwardMs, deviceRatio: ms / ours.forwardBackwardDeviceMs, peakBeyondInputsBytes, note },
    parts: parts.map((part) => ({ ...part })),
    agreement: agreement === null ? null : { ...agreement, tolerance: { ...agreement.tolerance } },
  };
}
