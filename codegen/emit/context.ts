import type { Side } from '../../dsl/expression/nodes.js';
import type { Channel, SideNeeds } from '../plan/needs.js';
import { needsOf, type Needs } from '../plan/needs.js';
import type { Problem } from '../plan/problem.js';
import type { EmittedEpilogue } from './epilogue.js';
import { lossHeader, machineHeader } from './header.js';
import { logitFields, pairFields, termFields, type PlaceField } from './places.js';

/** What every kernel template is given, whatever the target; targets add their constants. All fields are always there. */
export interface KernelContext extends EmittedEpilogue {
  /** `//` comment lines: what this is, from which loss, tile, target and compiler; license; do not edit. */
  readonly header: string;
  /** The same without the loss, for files that serve every loss: their artifacts are shared. */
  readonly machineHeader: string;
  readonly dim: number;
  readonly guideDim: number;
  readonly hasRows: boolean;
  readonly hasCols: boolean;
  readonly hasPairs: boolean;
  readonly hasSoftmax: boolean;
  readonly running: boolean;
  /** Exactly one of these: how a positive is known. */
  readonly diagonal: boolean;
  readonly mapped: boolean;
  readonly where: boolean;
  /** Whether the fp32 logits of single positives take the place of the tile's. */
  readonly hasPositiveLogits: boolean;
  readonly hasGuide: boolean;
  readonly stacked: boolean;
  /** Whether {@link EmittedEpilogue.tileTest} is there. */
  readonly hasTileTest: boolean;
  readonly row: SideContext;
  readonly col: SideContext;
  /** Learned scalars. */
  readonly paramCount: number;
  readonly hasParams: boolean;
  readonly f32: boolean;
  readonly bf16: boolean;
  readonly f16: boolean;
}

/** One side of a loss: the row softmax and the rows, or the column softmax and the columns. */
export interface SideContext {
  /** Whether its softmax has a mask, `row_counts`. */
  readonly masked: boolean;
  /** Whether G has b_i at positives, and c_i at what counts. */
  readonly pull: boolean;
  readonly mean: boolean;
  readonly channelCount: number;
  readonly hasChannels: boolean;
  /** Place of each channel among them, -1 where it is not kept. */
  readonly channel: Readonly<Record<Channel, number>>;
  readonly hasPairChannel: boolean;
  readonly counted: boolean;
  /** Whether a row without a positive, or without anything that counts, is left out. */
  readonly skip: boolean;
  readonly shared: boolean;
  /** What functions of a pair, the positives kernel and the softmax term read from arrays. */
  readonly fields: readonly PlaceField[];
  readonly logitFields: readonly PlaceField[];
  readonly termFields: readonly PlaceField[];
}

/** `tile`: what of the tiling the texts depend on. */
export function kernelContext(problem: Problem, target: string, epilogue: EmittedEpilogue, tile: readonly string[] = []): KernelContext {
  const { loss, dim, precision, softmax } = problem;
  const needs = needsOf(loss, problem.reports);
  return {
    ...epilogue,
    header: lossHeader(problem, target, tile),
    machineHeader: machineHeader(problem, target, tile),
    dim,
    guideDim: problem.guideDim ?? dim,
    hasRows: loss.rows !== undefined,
    hasCols: loss.cols !== undefined,
    hasPairs: loss.pairs !== undefined,
    hasSoftmax: needs.softmax,
    running: softmax === 'running' && needs.softmax,
    diagonal: needs.relation === 'diagonal',
    mapped: needs.relation === 'mapped',
    where: needs.relation === 'where',
    hasPositiveLogits: needs.positives,
    hasGuide: needs.guide,
    stacked: needs.stacked,
    hasTileTest: epilogue.tileTest !== '',
    row: sideContext(problem, needs, 'row'),
    col: sideContext(problem, needs, 'col'),
    paramCount: loss.params.length,
    hasParams: loss.params.length > 0,
    f32: precision === 'f32',
    bf16: precision === 'bf16',
    f16: precision === 'f16',
  };
}

function sideContext({ loss }: Problem, needs: Needs, side: Side): SideContext {
  const own: SideNeeds | undefined = needs[side];
  const channels = own?.channels ?? [];
  const place = (channel: Channel): number => channels.indexOf(channel);
  return {
    masked: own?.term?.counts !== undefined,
    pull: own?.readsPositive === true,
    mean: own?.readsMean === true,
    channelCount: channels.length,
    hasChannels: channels.length > 0,
    channel: {
      positives: place('positives'),
      positiveCount: place('positiveCount'),
      logits: place('logits'),
      count: place('count'),
      rank: place('rank'),
      pairs: place('pairs'),
    },
    hasPairChannel: channels.includes('pairs'),
    counted: own?.counted === true,
    skip: own?.term?.unmatched === 'skip',
    shared: own?.shared === true,
    fields: pairFields(loss, needs, side),
    logitFields: logitFields(loss, needs, side),
    termFields: termFields(loss, needs, side),
  };
}
