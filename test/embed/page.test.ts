import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import test from 'ava';
import { packagePath } from '../../codegen/emit/package-path.js';
import { clip } from '../../runtime/index.js';
import { here, run, writeLibrary } from './support/exported-case.js';
import { outsideFolder } from './support/folder.js';

test('the program of docs/embedding.md runs as the page says', async (t) => {
  const folder = await outsideFolder(t);
  await writeLibrary(path.join(folder, 'clip'), { name: 'clip', loss: clip, precision: 'f32', queries: 1, keys: 1, dim: 64, params: {} });
  const page = await readFile(packagePath('docs', 'embedding.md'), 'utf8');
  const program = /```c\n([\s\S]*?)```/.exec(page)?.[1] ?? '';
  const commands = /```sh\n(cmake [\s\S]*?)```/.exec(page)?.[1] ?? '';
  await writeFile(path.join(folder, 'app.c'), program);
  await run('sh', ['-e', '-c', commands], folder);
  t.regex(await run('./app', [], folder, { LD_LIBRARY_PATH: path.join(folder, 'installed', 'lib') }), new RegExp(`^${here.name}: loss \\d\\.\\d{6}, its derivative by logScale -?\\d\\.\\d{6}\n$`));
});
