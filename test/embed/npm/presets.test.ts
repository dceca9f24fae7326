import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import test from 'ava';
import { compileTargets, libraryNames } from '../../../codegen/embed/c/index.js';
import { emitHosted, emitStandalone } from '../../../codegen/embed/npm/index.js';
import { packagePath } from '../../../codegen/emit/package-path.js';
import * as presets from '../../../dsl/losses.js';
import { indexMap, infoNCE, pairwiseLoss, withPositives, type PairwiseLoss, type Precision } from '../../../runtime/index.js';
import { here, requestOf } from '../support/exported-case.js';
import { markedLibrary } from '../support/library.js';
import { run } from '../support/run.js';
import { outsideFolder, writeAll } from '../support/folder.js';

/* Packages of all presets, and of what presets do not have: the addon compiles without a warning, and the types and modules are right by themselves. */

const losses: readonly PairwiseLoss[] = [
  ...Object.values(presets).map((preset) => (typeof preset === 'function' ? preset() : preset)),
  withPositives(infoNCE, indexMap),
  // No parameters; names that are words of C and of JavaScript.
  pairwiseLoss('keysAlone', { between: { rows: ['keys'], cols: ['keys'] }, logit: ({ dot }) => dot, pairs: { value: ({ logit }) => logit } }),
  pairwiseLoss('words', { params: ['class', 'float'], attributes: { rows: { int: 'i32' }, cols: { function: 'f32' } }, logit: ({ dot, params, row, col }) => params.class * dot + params.float * row.int * col.function, pairs: { value: ({ logit }) => logit } }),
];

test('the addon of every loss compiles without a warning; modules and types are right', async (t) => {
  const folder = await outsideFolder(t);
  const declarations: string[] = [];
  for (const [i, loss] of losses.entries()) {
    const precision = (['f32', 'bf16', 'f16'] satisfies readonly Precision[])[i % 3] ?? 'f32';
    const own = path.join(folder, `${i}-${loss.name}`);
    const request = requestOf({ name: '', loss, precision, queries: 1, keys: 1, dim: 48, params: {} }, i % 2 === 0 ? [here.name] : [here.name, 'sm_80']);
    const compiled = compileTargets(request);
    await writeAll(path.join(own, 'standalone'), emitStandalone(request, compiled, markedLibrary(request, compiled)));
    await writeAll(path.join(own, 'hosted'), emitHosted(request, compiled, []));
    declarations.push(...['standalone', 'hosted'].map((form) => path.join(own, form, 'index.d.ts')));
    const { prefix } = libraryNames(loss.name);
    const strict = ['-std=c11', '-Wall', '-Wextra', '-Wshadow', '-Werror', '-pedantic', '-DNAPI_VERSION=8'];
    await t.notThrowsAsync(run('cc', [...strict, '-fsyntax-only', '-isystem', 'node-api', '-Ilibrary/include', 'addon/addon.c'], path.join(own, 'standalone')), prefix);
  }
  await writeFile(path.join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions: { ...options, noEmit: true }, files: declarations }));
  await t.notThrowsAsync(run(process.execPath, [packagePath('node_modules', 'typescript', 'bin', 'tsc'), '-p', '.'], folder));
  const modules = declarations.flatMap((file) => ['index.js', ...(file.includes('standalone') ? ['inputs.js', 'native.js'] : [])].map((name) => path.join(path.dirname(file), name)));
  for (const file of modules) await t.notThrowsAsync(run(process.execPath, ['--check', file], folder), file);
});

const options = { target: 'ES2023', lib: ['ES2023', 'DOM'], module: 'NodeNext', strict: true, types: [] };
