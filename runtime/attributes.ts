import { DiagnosticCollector, listNames, type Diagnostic } from '../dsl/diagnostics/index.js';
import type { Interval } from '../dsl/expression/index.js';
import type { AttributeType, PairwiseLoss } from '../dsl/loss.js';
import { readVector, type VectorValue } from './tensor/vector.js';

/** Arrays of a run, by the names that the loss declares. */
export type AttributeValues = Readonly<Record<string, VectorValue>>;

/** An attribute of all rows, or of all columns, checked. */
export interface Attribute {
  readonly name: string;
  readonly values: Int32Array | Float32Array;
  /** What its values lie within. */
  readonly range: Interval;
}

export interface Attributes {
  readonly row: readonly Attribute[];
  readonly col: readonly Attribute[];
}

export interface GivenAttributes {
  readonly rows?: AttributeValues;
  readonly cols?: AttributeValues;
}

/** @throws {InfinitileError} naming every array that is missing, unknown, of the wrong type or length, or not finite. */
export async function readAttributes(loss: PairwiseLoss, given: GivenAttributes, lengths: { readonly n: number; readonly m: number }): Promise<Attributes> {
  const collector = new DiagnosticCollector();
  const row = await readSide(loss, 'rows', given.rows ?? {}, lengths.n, collector);
  const col = await readSide(loss, 'cols', given.cols ?? {}, lengths.m, collector);
  collector.report();
  return { row, col };
}

async function readSide(loss: PairwiseLoss, side: 'rows' | 'cols', given: AttributeValues, length: number, collector: DiagnosticCollector): Promise<readonly Attribute[]> {
  const declared = loss.attributes[side];
  for (const name of Object.keys(given)) if (!Object.hasOwn(declared, name)) collector.add(unknown(loss, side, name));
  const read: Attribute[] = [];
  for (const [name, type] of Object.entries(declared)) {
    const value = given[name];
    if (value === undefined) {
      collector.add(missing(loss, side, name, type));
      continue;
    }
    const { values, mistake } = await readVector(value, type, length);
    if (values === undefined) collector.add({ code: 'INF4015', message: `attribute ${side}.${name} of loss '${loss.name}' ${mistake.problem}`, hint: mistake.hint });
    else read.push({ name, values, range: rangeOf(values) });
  }
  return read;
}

function unknown({ name: loss, attributes }: PairwiseLoss, side: 'rows' | 'cols', name: string): Diagnostic {
  const known = Object.keys(attributes[side]);
  const what = side === 'rows' ? 'rows' : 'columns';
  return { code: 'INF4015', message: `the ${what} of loss '${loss}' have no attribute '${name}'`, hint: known.length === 0 ? 'they have none' : `they have ${listNames(known)}` };
}

function missing({ name: loss }: PairwiseLoss, side: 'rows' | 'cols', name: string, type: AttributeType): Diagnostic {
  const array = type === 'i32' ? 'an Int32Array' : 'a Float32Array';
  return { code: 'INF4015', message: `attribute ${side}.${name} of loss '${loss}' was not given`, hint: `give ${side}: { ${name}: ... }, ${array} with one number a ${side === 'rows' ? 'row' : 'column'}` };
}

function rangeOf(values: Int32Array | Float32Array): Interval {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return { low, high };
}
