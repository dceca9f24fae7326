import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { packagePath } from '../../codegen/emit/package-path.js';
import { findProgram } from '../../runtime/artifact/toolchain/find-program.js';
import { clip } from '../../runtime/index.js';
import { mpiSettings } from '../distributed/mpirun.js';
import { skip } from '../support/skips.js';
import { here } from './support/exported-case.js';
import { writeLibrary } from './support/library.js';
import { run } from './support/run.js';
import { outsideFolder } from './support/folder.js';

/*
 * The programs of docs/embedding.md, built and run by the lines that stand above them.
 */

const missing = (await Promise.all(['mpicc', 'mpirun'].map(async (program) => ((await findProgram(program, process.env)) === undefined ? [program] : [])))).flat();

test('the program runs as the page says', async (t) => {
  const folder = await libraryFolder(t);
  const [program = ''] = await blocks('c');
  const [, commands = ''] = await blocks('sh');
  await writeFile(path.join(folder, 'app.c'), program);
  t.regex(await run('sh', ['-e', '-c', commands], folder), new RegExp(`\n${here.name}: loss \\d\\.\\d{6}, its derivative by logScale -?\\d\\.\\d{6}\n$`));
});

if (missing.length > 0) {
  skip(1, 'program that runs under MPI', `there is no ${missing.join(', and no ')}`);
} else {
  test('the program of ranks runs under MPI as the page says', async (t) => {
    const folder = await libraryFolder(t);
    const [, program = ''] = await blocks('c');
    const [, install = '', commands = ''] = await blocks('sh');
    await writeFile(path.join(folder, 'ranks.c'), program);
    await run('sh', ['-e', '-c', install.replace(/^cc [^]*$/m, '')], folder);
    const said = await run('sh', ['-e', '-c', commands.replace('mpicc', 'mpicc -Wall -Wextra -Werror')], folder, { ...library(folder), ...mpiSettings });
    t.regex(said, /^3 ranks: loss 6\.2303\d\d, its derivative by logScale 0\.079\d\d\d\n$/);
  });
}

async function libraryFolder(t: ExecutionContext): Promise<string> {
  const folder = await outsideFolder(t);
  await writeLibrary(path.join(folder, 'clip'), { name: 'clip', loss: clip, precision: 'f32', queries: 1, keys: 1, dim: 64, params: {} });
  return folder;
}

/** Blocks of the page in a language, in order. */
async function blocks(language: string): Promise<readonly string[]> {
  const page = await readFile(packagePath('docs', 'embedding.md'), 'utf8');
  return [...page.matchAll(new RegExp(`\`\`\`${language}\n([\\s\\S]*?)\`\`\``, 'g'))].map(([, text = '']) => text);
}

function library(folder: string): Readonly<Record<string, string>> {
  return { LD_LIBRARY_PATH: path.join(folder, 'installed', 'lib') };
}
