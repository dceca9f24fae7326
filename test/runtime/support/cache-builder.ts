/** One of several processes that share a cache: builds three entries, or hangs in the middle of one until it is killed. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ArtifactCache, buildArtifacts, type Compiler } from '../../../runtime/artifact/index.js';

const [directory = '', mode = 'build'] = process.argv.slice(2);
let warnings = 0;
const cache = new ArtifactCache({ directory, onWarning: () => (warnings += 1) });

const compiler: Compiler = {
  identity: 'copy 1.0',
  flags: [],
  extension: '.so',
  async compile({ source, directory: place, output }) {
    await writeFile(join(place, output), `artifact of ${source.text}`.slice(0, mode === 'hang' ? 5 : undefined));
    if (mode === 'hang') {
      process.send?.('hanging');
      await new Promise((resolve) => setTimeout(resolve, 60_000));
    }
    // All processes miss before the first one has finished.
    await new Promise((resolve) => setTimeout(resolve, 400));
    return { log: '', kernels: [] };
  },
};

const files = ['one', 'two', 'three'].map((text) => ({ path: `${text}.cpp`, text }));
const artifacts = await buildArtifacts(mode === 'hang' ? files.slice(0, 1) : files, compiler, cache, { loss: 'clip', target: 'cpu' });
const contents = await Promise.all(artifacts.map(({ path }) => readFile(path, 'utf8')));
process.send?.({ contents, warnings, origins: artifacts.map(({ origin }) => origin) });
if (process.connected) process.disconnect();
