import path from 'node:path';
import { makeSpace } from '../../../codegen/space/index.js';
import { sm90a } from '../../../codegen/targets/sm_90a/index.js';
import { clip } from '../../../dsl/losses.js';
import { loadTiling } from '../../../runtime/cli/load-definition.js';
import { toldBy, type Example } from './example.js';
import { sourceFolder, sourceOf } from './source-examples.js';

const tiling = 'INF3104.ts';
const command = `infinitile tune clip --target ${sm90a.name} --precision bf16 --tiling ${tiling}`;

/** Of tilings whose open knobs are turned. */
export function spaceExamples(): ReadonlyMap<string, Example> {
  const tell = () =>
    toldBy(async () => {
      const mine = await loadTiling(path.join(sourceFolder, tiling));
      makeSpace({ loss: clip, dim: 512, precision: 'bf16', target: sm90a, tiling: mine, run: { n: 4096, m: 4096, workers: 132 } });
    });
  return new Map([['INF3104', { shown: { language: 'typescript', text: `${sourceOf(tiling)}\n\n// $ ${command}` }, tell }]]);
}
