import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import test from 'ava';
import { packagePath } from '../../codegen/emit/package-path.js';
import { indexMap, infoNCE, withPositives } from '../../runtime/index.js';
import { golden } from '../support/golden.js';
import { here } from './support/exported-case.js';
import { buildByReadme, writeLibrary } from './support/library.js';
import { run } from './support/run.js';
import { outsideFolder } from './support/folder.js';

test('every misuse is told by a status and a message, and none crashes', async (t) => {
  const folder = await outsideFolder(t);
  const loss = withPositives(infoNCE, indexMap);
  await writeLibrary(folder, { name: 'misuse', loss, precision: 'f32', queries: 20, keys: 30, dim: 16, params: {} });
  await buildByReadme(folder);
  for (const [program, file] of [['misuse', 'embed/misuse.txt'], ['ring_misuse', 'embed/ring-misuse.txt']] as const) {
    await run('cc', ['-std=c99', '-Wall', '-Wextra', '-Werror', '-pedantic', '-fsanitize=undefined', '-Iinclude', packagePath('test', 'embed', 'support', `${program}.c`), '-o', program, '-L.', '-linfinitile_info_nce', '-lm'], folder);
    const said = await run(`./${program}`, [], folder, { LD_LIBRARY_PATH: folder });
    golden(t, file, said.replaceAll(here.name, '(target)').replaceAll(/at least \d+ are needed, and \d+ serve/g, 'at least (bytes) are needed, and (bytes) serve'));
  }
});

test('a library with GPU targets loads without a driver, says so when a GPU is asked for, and serves the CPU', async (t) => {
  const folder = await outsideFolder(t);
  await writeLibrary(folder, { name: 'driver', loss: infoNCE, precision: 'f32', queries: 1, keys: 1, dim: 16, params: {} }, [here.name, 'sm_80'], true);
  await buildByReadme(folder);
  await writeFile(path.join(folder, 'main.c'), program);
  await run('cc', ['-std=c99', '-Iinclude', 'main.c', '-o', 'main', '-L.', '-linfinitile_info_nce'], folder);
  // In the place of any driver: what is no library.
  for (const name of ['libcuda.so.1', 'libcuda.so']) await writeFile(path.join(folder, name), 'no library');
  const [cuda = '', cpu] = (await run('./main', [], folder, { LD_LIBRARY_PATH: folder })).split('\n');
  t.regex(cuda, /^6: there is no CUDA driver \(.*libcuda\.so\.1.*\): NVIDIA's driver brings libcuda\.so\.1; infinitile_info_nce_create_cpu\(\) needs none$/);
  t.is(cpu, `0: ${here.name}`);
});

const program = `#include <infinitile_info_nce.h>
#include <stdio.h>
int main(void) {
  infinitile_info_nce *handle;
  int status = infinitile_info_nce_create_cuda(0, &handle);
  printf("%d: %s\\n", status, infinitile_info_nce_last_error());
  status = infinitile_info_nce_create_cpu(1, &handle);
  printf("%d: %s\\n", status, infinitile_info_nce_target(handle));
  infinitile_info_nce_destroy(handle);
  return 0;
}
`;
