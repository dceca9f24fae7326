import { writeText } from '../../tensor/write-text.js';
import type { TuneResult } from '../result.js';
import type { Asked } from './command.js';
import { renderReport } from './page.js';

export type { Asked } from './command.js';
export { renderReport } from './page.js';

/**
 * Writes the report to a file: one page of HTML, readable without a network.
 *
 * @throws {InfinitileError} INF6007 where it cannot be written.
 */
export async function writeReport(result: TuneResult, path: string, asked: Asked = {}): Promise<void> {
  await writeText(path, await renderReport(result, asked));
}
