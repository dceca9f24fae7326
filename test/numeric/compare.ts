import type { ReferenceResult, RunResult } from '../../runtime/index.js';

/** One vector of a result, by its name. A row that has no value in it is NaN. */
export type Quantities = ReadonlyMap<string, ArrayLike<number>>;

/** What is wrong with a result. */
export interface Comparison {
  readonly mistakes: readonly string[];
  /** Quantities in which rounding leaves too little to compare. */
  readonly undecided: readonly string[];
}

export function referenceQuantities(result: ReferenceResult): Quantities {
  const { loss, dQueries, dKeys, params, rowLse, colLse, rowValues, colValues, rowPairs, colPairs, rowRanks, colRanks } = result;
  const named: readonly (readonly [string, ArrayLike<number> | undefined])[] = [
    ...([['loss', [loss]], ['dQ', dQueries], ['dK', dKeys], ['row LSE', rowLse], ['column LSE', colLse]] as const),
    ...Object.entries(params).map(([name, value]) => [`d${name}`, [value]] as const),
    ...([['row values', rowValues ?? rowPairs], ['column values', colValues ?? colPairs], ['row ranks', rowRanks], ['column ranks', colRanks]] as const),
  ];
  return new Map(named.flatMap(([name, values]) => (values === undefined ? [] : [[name, values] as const])));
}

export function runQuantities({ loss, gradients, lse, perRow, metrics }: RunResult): Quantities {
  const ranks = (values: Int32Array | undefined) => (values === undefined ? undefined : Float64Array.from(values, (rank) => (rank < 0 ? NaN : rank)));
  const named: readonly (readonly [string, ArrayLike<number> | undefined])[] = [
    ...([['loss', [loss]], ['dQ', gradients?.q], ['dK', gradients?.k], ['row LSE', lse?.rows], ['column LSE', lse?.cols]] as const),
    ...Object.entries(gradients?.params ?? {}).map(([name, value]) => [`d${name}`, [value]] as const),
    ...([['row values', perRow?.rows], ['column values', perRow?.cols], ['row ranks', ranks(metrics?.rows?.ranks)], ['column ranks', ranks(metrics?.cols?.ranks)]] as const),
  ];
  return new Map(named.flatMap(([name, values]) => (values === undefined ? [] : [[name, values] as const])));
}

/** Errors may be this many times what rounding was seen to do. */
const slack = 8;

/** What errors may be of a whole vector, however little rounding seems to do, in units of rounding. */
const leastUnits = 8;

/** Where rounding does more than this many units, of a vector that does not vanish, there is nothing to compare. */
const mostUnits = 4096;

/**
 * Compares what a kernel has computed with fp64, in norm. `rough`: the same in rounded arithmetic, several times, which shows
 * what can be known of each quantity.
 */
export function compareQuantities(actual: Quantities, exact: Quantities, rough: readonly Quantities[], unit: number): Comparison {
  const [mistakes, undecided]: [string[], string[]] = [[], []];
  for (const [name, values] of actual) {
    const expected = exact.get(name);
    if (expected === undefined) mistakes.push(`${name} is not in the reference`);
    else if (values.length !== expected.length) mistakes.push(`${name} has ${values.length} numbers, not ${expected.length}`);
    else if (name.endsWith('ranks')) mistakes.push(...rankMistakes(name, values, expected, rough));
    else {
      const kept = kindsAgree(name, values, expected, mistakes);
      const distance = (other: ArrayLike<number>) => norm(kept.map((at) => (other[at] ?? NaN) - (expected[at] ?? NaN)));
      const size = norm(kept.map((at) => expected[at] ?? NaN));
      const allowed = slack * Math.max(0, ...rough.map((each) => distance(each.get(name) ?? []))) + leastUnits * unit * size;
      const error = distance(values);
      if (!(allowed <= mostUnits * unit * (size + 0.01 * Math.sqrt(kept.length)))) undecided.push(name);
      else if (!(error <= allowed)) mistakes.push(`${name} is off by ${error.toExponential(2)} of ${size.toExponential(2)}; ${allowed.toExponential(2)} is allowed`);
    }
  }
  return { mistakes, undecided };
}

/** Where the reference is finite the kernel must be, and elsewhere the same: NaN, or an infinity. Returns where both are finite. */
function kindsAgree(name: string, values: ArrayLike<number>, expected: ArrayLike<number>, mistakes: string[]): readonly number[] {
  const places = Array.from({ length: expected.length }, (_, at) => at);
  const differ = (at: number) => (Number.isFinite(expected[at]) ? !Number.isFinite(values[at]) : !Object.is(values[at], expected[at]));
  const first = places.find(differ);
  if (first !== undefined) mistakes.push(`${name}[${first}] is ${String(values[first])}, not ${String(expected[first])}`);
  return places.filter((at) => Number.isFinite(expected[at]) && Number.isFinite(values[at]));
}

/** Ranks are exact, but for rows in which rounding changes them. */
function rankMistakes(name: string, values: ArrayLike<number>, expected: ArrayLike<number>, rough: readonly Quantities[]): readonly string[] {
  return Array.from({ length: expected.length }, (_, at) => at)
    .filter((at) => !Object.is(values[at], expected[at]) && rough.every((each) => Object.is(each.get(name)?.[at], expected[at])))
    .map((at) => `${name}[${at}] is ${String(values[at])}, not ${String(expected[at])}`);
}

function norm(values: readonly number[]): number {
  return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
}
