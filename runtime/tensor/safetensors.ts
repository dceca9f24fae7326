import { z } from 'zod';
import { elementCount, elementSize, printShape, type ElementType } from './element.js';
import { badFormat, unknownTensor, unsupportedElement } from './errors.js';

/** The length of the JSON header, little-endian. */
export const safetensorsPrefixBytes = 8;

/** The format's own limit on its header. */
export const largestHeader = 100_000_000;

const extent = z.number().int().nonnegative();

const entrySchema = z.object({
  dtype: z.string(),
  shape: z.array(extent),
  data_offsets: z.tuple([extent, extent]),
});

const headerSchema = z.record(z.string(), z.unknown());

export interface SafetensorsEntry {
  readonly name: string;
  readonly element: ElementType;
  readonly shape: readonly number[];
  /** Bytes, from the start of the data. */
  readonly begin: number;
  readonly end: number;
}

export interface SafetensorsHeader {
  readonly names: readonly string[];
  /** Bytes of data that the header announces. */
  readonly dataBytes: number;
  entry(name: string | undefined): SafetensorsEntry;
}

const elementOfDtype: ReadonlyMap<string, ElementType> = new Map([
  ['F32', 'f32'],
  ['F64', 'f64'],
  ['F16', 'f16'],
  ['BF16', 'bf16'],
  ['I32', 'i32'],
  ['I64', 'i64'],
]);

/** Reads the header and checks that the tensors fill the data without holes or overlaps. */
export function parseSafetensorsHeader(path: string, text: string): SafetensorsHeader {
  const tensors = tensorsOf(path, text);
  let end = 0;
  for (const [from, to] of [...tensors.values()].map((tensor) => tensor.data_offsets).sort((a, b) => a[0] - b[0] || a[1] - b[1])) {
    if (from !== end || to < from) {
      throw badFormat(path, '.safetensors', `its tensors leave a hole or overlap at byte ${Math.min(from, end)} of the data`);
    }
    end = to;
  }
  const names = [...tensors.keys()];
  return { names, dataBytes: end, entry: (name) => select(path, tensors, names, name) };
}

type RawEntry = z.infer<typeof entrySchema>;

function tensorsOf(path: string, text: string): ReadonlyMap<string, RawEntry> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw badFormat(path, '.safetensors', `its header is not JSON (${error instanceof Error ? error.message : String(error)})`);
  }
  const header = headerSchema.safeParse(json);
  if (!header.success) throw badFormat(path, '.safetensors', 'its header is not a JSON object');
  const tensors = new Map<string, RawEntry>();
  for (const [name, value] of Object.entries(header.data)) {
    if (name === '__metadata__') continue;
    const entry = entrySchema.safeParse(value);
    if (!entry.success) {
      const issue = entry.error.issues[0];
      const reason = issue === undefined ? 'not an entry' : `${issue.path.join('.')}: ${issue.message}`;
      throw badFormat(path, '.safetensors', `the header's entry '${name}' is wrong: ${reason}`);
    }
    tensors.set(name, entry.data);
  }
  return tensors;
}

function select(
  path: string,
  tensors: ReadonlyMap<string, RawEntry>,
  names: readonly string[],
  wanted: string | undefined,
): SafetensorsEntry {
  const name = wanted ?? (names.length === 1 ? names[0] : undefined);
  const entry = name === undefined ? undefined : tensors.get(name);
  if (name === undefined || entry === undefined) throw unknownTensor(path, wanted, names);
  const element = elementOfDtype.get(entry.dtype);
  if (element === undefined) {
    throw unsupportedElement(`${path}#${name}`, entry.dtype, 'F32, F16 and BF16 are read as embeddings, I32 and I64 as indices');
  }
  const [begin, end] = entry.data_offsets;
  const count = elementCount(entry.shape);
  if (count === undefined || count * elementSize[element] !== end - begin) {
    const what = `tensor '${name}' of shape ${printShape(entry.shape)} and type ${entry.dtype}`;
    throw badFormat(path, '.safetensors', `${what} cannot fill its ${end - begin} bytes`);
  }
  return { name, element, shape: entry.shape, begin, end };
}
