import { copyFile, rename } from 'node:fs/promises';
import path from 'node:path';
import test from 'ava';
import { packagePath } from '../../codegen/emit/package-path.js';
import { clip } from '../../runtime/index.js';
import { writeConsumer } from './support/consumer.js';
import { here, type ExportedCase } from './support/exported-case.js';
import { writeLibrary } from './support/library.js';
import { expected, readResults, same, sameQueued } from './support/results.js';
import { run } from './support/run.js';
import { outsideFolder } from './support/folder.js';

/*
 * An exported library, built and installed by CMake with warnings as errors, for two CPU targets; a C++17 project finds it by its package.
 */

const one: ExportedCase = { name: 'clip', loss: clip, precision: 'f32', queries: 210, keys: 210, dim: 40, params: { logScale: 2.6 } };

test('a C++17 project finds the installed package, static or shared, and gets the same bits', async (t) => {
  const folder = await outsideFolder(t);
  const source = path.join(folder, 'source');
  await writeLibrary(source, one, [...new Set([here.name, 'x86-64-v3', 'armv8'])]);
  const mine = await expected(one);
  for (const shared of ['ON', 'OFF']) {
    const [build, installed, app] = ['build', 'installed', 'app'].map((name) => path.join(folder, `${name}-${shared}`));
    if (build === undefined || installed === undefined || app === undefined) return;
    const warnings = '-Wall -Wextra -Werror -pedantic';
    await run('cmake', ['-S', source, '-B', build, `-DBUILD_SHARED_LIBS=${shared}`, '-DCMAKE_BUILD_TYPE=Debug', `-DCMAKE_INSTALL_PREFIX=${installed}`, `-DCMAKE_C_FLAGS=${warnings}`, '-DCMAKE_CXX_FLAGS=-Wall -Wextra -Werror'], folder);
    await run('cmake', ['--build', build, '--parallel', '2'], folder);
    await run('cmake', ['--install', build], folder);

    await writeConsumer(app, one);
    await rename(path.join(app, 'consumer.c'), path.join(app, 'consumer.cpp'));
    await copyFile(packagePath('test', 'embed', 'support', 'CMakeLists.txt'), path.join(app, 'CMakeLists.txt'));
    await run('cmake', ['-S', app, '-B', path.join(app, 'build'), `-DCMAKE_PREFIX_PATH=${installed}`, '-DLIBRARY=infinitile_clip', '-DTARGET=infinitile::clip'], folder);
    await run('cmake', ['--build', path.join(app, 'build')], folder);
    t.is((await run(path.join(app, 'build', 'app'), [], app)).trim(), here.name);
    const [both, apart] = await readResults(app, one);
    same(t, both, mine);
    same(t, apart, mine);
    await sameQueued(t, app, one, mine);
  }
});
