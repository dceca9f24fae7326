import { performance } from 'node:perf_hooks';
import type { Precision } from '../../dsl/problem.js';
import { Contender, type BenchResult, type ContenderOptions, type Entry } from './contender.js';
import { Synthetic, type SyntheticShape } from './synthetic.js';

export interface BenchRequest extends ContenderOptions {
  /** Losses compiled for one depth and one precision, or one loss on so many ranks and so many; one or more. */
  readonly entries: readonly Entry[];
  readonly precision: Precision;
  readonly shape: SyntheticShape;
  /** Timed rounds; when absent, as many as take about ten seconds, from 3 to 25. */
  readonly repeat?: number;
  readonly onProgress: (phase: string, done: number, total: number) => void;
}

/** What is timed without being told how often. */
const usualMilliseconds = 10_000;
const [fewest, most] = [3, 25];

/** Times kernels on synthetic rows, round after round: in a round each entry, and each of its peers, has one turn. */
export async function bench(request: BenchRequest): Promise<readonly BenchResult[]> {
  const { entries, shape, precision, signal, onProgress } = request;
  const contenders: Contender[] = [];
  try {
    onProgress('inputs', 0, 1);
    const synthetic = new Synthetic(shape, { precision, signal });
    await synthetic.draw(entries.map(({ ranks: [{ kernel }] }) => kernel.loss));
    for (const [i, entry] of entries.entries()) {
      contenders.push(await Contender.open(entry, synthetic, request, (part) => onProgress('warming up', i + part, entries.length)));
    }
    let rounds = request.repeat ?? most;
    const started = performance.now();
    for (let round = 0; round < rounds; round += 1) {
      for (const [i, contender] of contenders.entries()) {
        const turns = round * contenders.length + i;
        await contender.takeTurn((part) => onProgress('timing', turns + part, rounds * contenders.length));
      }
      if (round === 0 && request.repeat === undefined) rounds = Math.min(most, Math.max(fewest, Math.ceil(usualMilliseconds / (performance.now() - started))));
    }
    return await Promise.all(contenders.map((contender) => contender.result()));
  } finally {
    for (const contender of contenders) contender.close();
  }
}
