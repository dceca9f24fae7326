import { buffersOf } from '../codegen/plan/bind.js';
import { vectorPartials } from '../codegen/plan/buffers.js';
import { attributeParameter } from '../codegen/emit/places.js';
import type { Tensor } from '../dsl/loss.js';
import { checkFinite, type NameRow } from './check-inputs.js';
import type { DeviceBuffers } from './device-buffers.js';
import type { Device } from './device/device.js';
import { execute, givenValues } from './execute.js';
import type { SessionInputs, Tensors } from './inputs.js';
import { noScalars } from './scalars.js';
import type { LoadedProgram } from './loaded-program.js';
import { elementSize } from './tensor/element.js';

/** The largest norms of rows: of the matrix's rows and of its columns. */
export interface Norms {
  readonly queries: number;
  readonly keys: number;
}

/** Loads the tensors, and looks at every embedding once. */
export async function loadInputs(device: Device, buffers: DeviceBuffers, inputs: SessionInputs, loaded: LoadedProgram, signal: AbortSignal | undefined): Promise<Norms> {
  const { program, bound, modules } = loaded;
  const reading = signal === undefined ? {} : { signal };
  const tensors = placements(inputs);
  buffers.allocate(program, bound, new Set([...tensors.map(({ buffer }) => buffer), ...buffersOf(program.plan.inspect)]));
  for (const { buffer, source, offset } of tensors) await source.load(buffers.require(buffer), { ...reading, offset });
  await execute(bound, program.plan.inspect, { device, buffers: buffers.all, modules, values: givenValues(noScalars, new Float32Array(1)) }, reading);
  return largestNorms(buffers, inputs);
}

/** Fills those of the named buffers whose values the host makes or is given. */
export async function writeHostValues(buffers: DeviceBuffers, inputs: SessionInputs, names: readonly string[]): Promise<void> {
  for (const [name, values] of hostValues(inputs)) if (names.includes(name)) await buffers.require(name).write(values, 0);
}

interface Placement {
  readonly buffer: string;
  readonly source: NonNullable<Tensors[Tensor]>;
  /** Bytes. */
  readonly offset: number;
}

/** Each tensor in a buffer of its own, or queries and then keys in one. */
function placements({ tensors, guides, shape }: SessionInputs): readonly Placement[] {
  const stacked = shape.stack > 0;
  const place = (tensor: Tensor, from: Tensors, own: string, stack: string): readonly Placement[] => {
    const source = from[tensor];
    if (source === undefined) return [];
    const offset = stacked && tensor === 'keys' ? shape.split * source.dim * elementSize[source.precision] : 0;
    return [{ buffer: stacked ? stack : own, source, offset }];
  };
  return [
    ...place('queries', tensors, 'queries', 'embeddings'),
    ...place('keys', tensors, 'keys', 'embeddings'),
    ...place('queries', guides, 'guideQueries', 'guides'),
    ...place('keys', guides, 'guideKeys', 'guides'),
  ];
}

/** Arrays that the host makes or is given; plans name those that they read. */
function hostValues({ relation, attributes }: SessionInputs): readonly (readonly [string, ArrayBufferView])[] {
  const { map, rowOfCol, rowMatched, colMatched } = relation;
  const made = [['positive', map], ['rowOfCol', rowOfCol], ['rowMatched', rowMatched], ['colMatched', colMatched]] as const;
  return [
    ...made.flatMap(([name, values]) => (values === undefined ? [] : [[name, values] as const])),
    ...(['row', 'col'] as const).flatMap((side) => attributes[side].map(({ name, values }) => [attributeParameter(side, name), values] as const)),
  ];
}

async function largestNorms(buffers: DeviceBuffers, { tensors, shape }: SessionInputs): Promise<Norms> {
  const nameRow = (tensor: Tensor, row: number) => ({ input: tensors[tensor]?.name ?? tensor, row: (tensors[tensor]?.firstRow ?? 0) + row });
  if (shape.stack > 0) {
    const largest = await largestNorm(buffers, 'query', (row) => (row < shape.split ? nameRow('queries', row) : nameRow('keys', row - shape.split)));
    return { queries: largest, keys: largest };
  }
  return {
    queries: await largestNorm(buffers, 'query', (row) => nameRow('queries', row)),
    keys: await largestNorm(buffers, 'key', (row) => nameRow('keys', row)),
  };
}

async function largestNorm(buffers: DeviceBuffers, side: 'query' | 'key', nameRow: NameRow): Promise<number> {
  const squares = new Float32Array(vectorPartials);
  const rows = new Int32Array(vectorPartials);
  await buffers.require(`${side}Norms`).read(squares, 0);
  await buffers.require(`${side}BadRows`).read(rows, 0);
  checkFinite(nameRow, rows);
  return Math.sqrt(squares.reduce((largest, value) => Math.max(largest, value), 0));
}
