import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { packagePath } from '../../codegen/emit/package-path.js';
import { benchSchema, type BenchRecord } from '../../runtime/bench/record.js';
import { renderMeasurement } from './performance-tables.js';

/**
 * docs/performance.md: prose by hand, and between `<!-- measured: NAME -->` and `<!-- end -->` the tables of
 * docs/measurements/NAME.json, which hold lines of `infinitile bench --json`. Run by itself, this module writes the page; files
 * that are named, from wherever they are, become measurements first.
 */
export const performancePage = packagePath('docs', 'performance.md');
export const measurementsFolder = packagePath('docs', 'measurements');

const places = /^<!-- measured: ([\w.-]+) -->$[^]*?^<!-- end -->$/gm;

/** The page's text with the tables of the measurements in their places. */
export function renderPerformance(page: string, measurements: ReadonlyMap<string, readonly BenchRecord[]>): string {
  const placed = new Set<string>();
  const text = page.replace(places, (_, name: string) => {
    const records = measurements.get(name);
    if (records === undefined) throw new Error(`the page has a place for '${name}', and there is no docs/measurements/${name}.json`);
    placed.add(name);
    return [`<!-- measured: ${name} -->`, ...records.map(renderMeasurement), '<!-- end -->'].join('\n\n');
  });
  const homeless = [...measurements.keys()].filter((name) => !placed.has(name));
  if (homeless.length > 0) throw new Error(`docs/performance.md has no place for ${homeless.join(', ')}: write <!-- measured: ${homeless[0] ?? ''} --> and, on a line below, <!-- end --> where its tables belong`);
  return text;
}

/** The records of every file of docs/measurements. */
export function readMeasurements(folder = measurementsFolder): ReadonlyMap<string, readonly BenchRecord[]> {
  const files = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.json')) : [];
  return new Map(files.sort().map((name) => [path.basename(name, '.json'), readRecords(path.join(folder, name))]));
}

export function readRecords(file: string): readonly BenchRecord[] {
  const lines = readFileSync(file, 'utf8').split('\n').filter((line) => line.trim() !== '');
  if (lines.length === 0) throw new Error(`${file} is empty`);
  return lines.map((line, i) => {
    try {
      return benchSchema.parse(JSON.parse(line));
    } catch (error) {
      throw new Error(`${file}, line ${i + 1}, is no record of infinitile bench --json: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
    }
  });
}

function adopt(file: string): void {
  readRecords(file);
  const target = path.join(measurementsFolder, path.basename(file));
  mkdirSync(measurementsFolder, { recursive: true });
  if (path.resolve(file) !== target) copyFileSync(file, target);
}

if (process.argv[1] !== undefined && /performance-page\.(ts|js)$/.test(process.argv[1])) {
  for (const file of process.argv.slice(2)) adopt(file);
  writeFileSync(performancePage, renderPerformance(readFileSync(performancePage, 'utf8'), readMeasurements()));
}
