import { spawnSync } from 'node:child_process';
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import test from 'ava';
import { packagePath } from '../../codegen/emit/package-path.js';
import { NvrtcCompiler, sha256 } from '../../runtime/artifact/index.js';
import { loadAddon } from '../../runtime/addon.js';
import { skip } from '../support/skips.js';
import { cli, temporaryFolder } from './support.js';

const nvrtc = await NvrtcCompiler.open(loadAddon(), { architecture: 'sm_80', compilerOptions: [] }).then(() => true, () => false);
if (!nvrtc) skip(1, 'test of exported GPU kernels', 'NVRTC is not here');

/** Every file below a folder. */
async function filesIn(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name))).sort();
}

interface FileOfManifest {
  readonly path: string;
  readonly sha256: string;
}

interface PlanOfManifest {
  readonly softmax: string;
  readonly text: readonly string[];
}

interface TargetOfManifest {
  readonly name: string;
  readonly plans: readonly PlanOfManifest[];
  readonly ringPlans: readonly PlanOfManifest[];
}

test('a library is written whole, and its manifest has every file', async (t) => {
  const folder = await temporaryFolder(t);
  const out = path.join(folder, 'library');
  const { code, stdout, stderr } = await cli('export', 'clip', '--format', 'c', '--dim', '32', '--precision', 'bf16', '--target', 'x86-64-v3,armv8,x86-64-v3', '--out', out);
  t.is(code, 0, stderr);
  t.regex(stdout, /^infinitile_clip for x86-64-v3, armv8: \d+ files, \d\.\d MiB, in /);
  t.deepEqual(await readdir(folder), ['library']);
  const manifest = JSON.parse(await readFile(path.join(out, 'manifest.json'), 'utf8')) as { readonly files: readonly FileOfManifest[]; readonly targets: readonly TargetOfManifest[] };
  t.deepEqual(manifest.files.map((file) => file.path).sort(), (await filesIn(out)).filter((name) => name !== 'manifest.json'));
  for (const file of manifest.files) t.is(sha256(await readFile(path.join(out, file.path), 'utf8')), file.sha256, file.path);
  t.deepEqual(manifest.targets.map(({ name }) => name), ['x86-64-v3', 'armv8']);
  for (const { plans, ringPlans } of manifest.targets) {
    for (const all of [plans, ringPlans]) t.deepEqual(all.map(({ softmax }) => softmax), ['bounded', 'running']);
    t.true(plans.every(({ text }) => text.includes('backward') && !text.includes('between ranks')));
    t.true(ringPlans.every(({ text }) => text.includes('backward: a tile') && text.includes('between ranks')));
  }
});

test('a Python package has the library in it', async (t) => {
  const out = path.join(await temporaryFolder(t), 'package');
  const { code, stdout, stderr } = await cli('export', 'supCon', '--format', 'torch', '--dim', '32', '--target', 'x86-64-v3', '--out', out);
  t.is(code, 0, stderr);
  t.regex(stdout, /^infinitile_sup_con for x86-64-v3: /);
  const files = await filesIn(out);
  for (const name of ['pyproject.toml', 'src/infinitile_sup_con/__init__.py', 'src/infinitile_sup_con/py.typed', 'native/include/infinitile_sup_con.h', 'native/manifest.json', 'README.md', 'LICENSE']) t.true(files.includes(name), name);
});

for (const [form, flags] of [['beside the runtime', []], ['standalone', ['--standalone']]] as const) {
  test(`an npm package, ${form}, is written whole, and its manifest has every file`, async (t) => {
    const folder = await temporaryFolder(t);
    const out = path.join(folder, 'package');
    const { code, stdout, stderr } = await cli('export', 'infoNCE', '--format', 'npm', ...flags, '--dim', '32', '--target', 'cpu', '--out', out);
    t.is(code, 0, stderr);
    t.regex(stdout, /^infinitile-info-nce for [\w-]+: \d+ files, \d\.\d MiB, in /);
    const manifest = JSON.parse(await readFile(path.join(out, 'manifest.json'), 'utf8')) as { readonly version: string; readonly files: readonly FileOfManifest[] };
    const declared = JSON.parse(await readFile(path.join(out, 'package.json'), 'utf8')) as { readonly version: string; readonly files: readonly string[] };
    t.is(manifest.version, declared.version);
    const files = (await filesIn(out)).filter((name) => name !== 'manifest.json');
    t.deepEqual(manifest.files.map((file) => file.path).sort(), files);
    for (const file of manifest.files) t.is(sha256(await readFile(path.join(out, file.path))), file.sha256, file.path);
    const packed = [...declared.files, 'package.json', 'README.md', 'LICENSE'];
    t.deepEqual(files.filter((name) => !packed.includes(name.split('/')[0] ?? '')), [], 'npm packs every file');
  });
}

test('--force replaces what an export has written, and nothing else', async (t) => {
  const folder = await temporaryFolder(t);
  const write = (name: string, ...flags: readonly string[]) => cli('export', 'siglip', '--dim', '32', '--target', 'x86-64-v3', '--out', path.join(folder, name), ...flags);
  for (const format of ['c', 'torch', 'npm'] as const) {
    const flags = format === 'npm' ? ['--format', format, '--standalone'] : ['--format', format];
    t.is((await write(format, ...flags)).code, 0);
    await writeFile(path.join(folder, format, 'mine.txt'), 'mine');
    t.regex((await write(format, ...flags)).stderr, /INF6007.*it is there already and not an empty directory[\s\S]*--force/);
    t.true((await filesIn(path.join(folder, format))).includes('mine.txt'));
    const replaced = await write(format, ...flags, '--force');
    t.is(replaced.code, 0, replaced.stderr);
    t.false((await filesIn(path.join(folder, format))).includes('mine.txt'));
  }
  await mkdir(path.join(folder, 'empty'));
  t.is((await write('empty', '--force')).code, 0);
  await mkdir(path.join(folder, 'own'));
  await writeFile(path.join(folder, 'own', 'manifest.json'), '{ "name": "mine" }');
  t.regex((await write('own', '--force')).stderr, /INF6007.*it is there already and not an empty directory[\s\S]*none has written this: remove it by hand/);
  t.deepEqual(await filesIn(path.join(folder, 'own')), ['manifest.json']);
  t.deepEqual((await readdir(folder)).sort(), ['c', 'empty', 'npm', 'own', 'torch']);
});

test('a place where no directory can be is refused, whatever is in the way', async (t) => {
  const folder = await temporaryFolder(t);
  const file = path.join(folder, 'file');
  const [dangling, link] = [path.join(folder, 'dangling'), path.join(folder, 'link')];
  await writeFile(file, 'a file');
  await symlink('nowhere', dangling);
  await symlink('.', link);
  const before = await readdir(folder);
  for (const [out, message] of [
    ['', /INF6007 '' cannot be written: an empty name names no directory/],
    [file, /INF6007 '.*file' cannot be written: it is a file\n(?!.*--force)/],
    [path.join(file, 'sub'), /INF6007 .*: '.*file' is no folder/],
    [path.join(file, 'sub', 'sub'), /INF6007 .*: ENOTDIR: not a directory\n/],
    [path.join(folder, 'none', 'library'), /INF6007 .*: there is no folder '.*none'\n.*make it first/],
    [dangling, /INF6007 .*: it is a symbolic link to 'nowhere', which does not exist/],
    [link, /INF6007 .*: it is a symbolic link to '\.'\n/],
  ] as const) {
    for (const flags of [[], ['--force']]) {
      const { code, stderr } = await cli('export', 'siglip', '--dim', '32', '--target', 'x86-64-v3', '--out', out, ...flags);
      t.is(code, 1, out);
      t.regex(stderr, message);
    }
  }
  t.deepEqual(await readdir(folder), before);
});

test('a file that cannot be written whole is told, and leaves nothing', async (t) => {
  const folder = await temporaryFolder(t);
  const out = path.join(folder, 'library');
  // A limit on the size of files refuses a write as a full disk does, whoever runs the test.
  const limited = spawnSync('bash', ['-c', 'ulimit -f 16 && exec "$0" "$@"', process.execPath, '--import=tsx', packagePath('runtime', 'cli', 'main.ts'), 'export', 'clip', '--dim', '32', '--target', 'x86-64-v3', '--out', out], { encoding: 'utf8' });
  t.is(limited.status, 1, limited.stderr);
  t.regex(limited.stderr, /^INF6007 '.*library' cannot be written: EFBIG: file too large\n {2}hint: .*has room/);
  t.deepEqual(await readdir(folder), []);
});

test('mistakes leave nothing', async (t) => {
  const folder = await temporaryFolder(t);
  const out = path.join(folder, 'library');
  const said = async (...args: readonly string[]): Promise<string> => {
    const { code, stderr } = await cli('export', ...args);
    t.not(code, 0, args.join(' '));
    t.deepEqual(await readdir(folder), [], args.join(' '));
    return stderr;
  };
  t.regex(await said('clip', '--target', 'x86-64-v5', '--out', out), /INF7001.*x86-64-v5/);
  t.regex(await said('clip', '--format', 'numpy', '--out', out), /numpy/);
  for (const format of ['c', 'torch']) t.regex(await said('clip', '--format', format, '--standalone', '--out', out), new RegExp(`INF8004.*--standalone was given with --format ${format}`));
  const foreign = process.arch === 'arm64' ? 'x86-64-v3' : 'armv8';
  t.regex(await said('clip', '--format', 'npm', '--target', foreign, '--out', out), new RegExp(`INF5005 kernels of ${foreign} [\\s\\S]*--standalone`));
  t.regex(await said('clipp', '--out', out), /INF8003.*clip/);
  t.regex(await said('clip', '--dim', '65537', '--out', out), /INF4013 dim is 65537[\s\S]*65536/);
  t.regex(await said('gist', '--dim', '16', '--guide-dim', '2147483647', '--out', out), /INF4013 guideDim/);
  t.regex(await said('clip', '--guide-dim', '7', '--out', out), /INF4016/);
  t.regex(await said('clip', '--precision', 'f8', '--out', out), /f8/);
  t.regex(await said('clip'), /--out/);
});

(nvrtc ? test : test.skip)('GPU kernels lie inside as cubins, with PTX for newer GPUs', async (t) => {
  const folder = await temporaryFolder(t);
  const out = path.join(folder, 'library');
  const { code, stderr } = await cli('export', 'siglip', '--dim', '32', '--precision', 'bf16', '--target', 'sm_80', '--out', out);
  t.is(code, 0, stderr);
  const kernels = (await filesIn(path.join(out, 'kernels'))).map((name) => name.replace(/\.sm_80\.\w+\.c$/, ''));
  t.deepEqual([...new Set(kernels)], ['accumulate', 'gradient', 'stats', 'vectors']);
  for (const name of new Set(kernels)) {
    t.is((await imageOf(path.join(out, 'kernels', `${name}.sm_80.cubin.c`))).toString('latin1', 0, 4), '\x7fELF', name);
    const ptx = (await imageOf(path.join(out, 'kernels', `${name}.sm_80.ptx.c`))).toString('latin1');
    t.regex(ptx, /\.target sm_80[\s\S]*\.entry /, name);
    t.is(ptx.at(-1), '\0', name);
  }
});

/** The bytes of an image's words. */
async function imageOf(file: string): Promise<Buffer> {
  const words = [...(await readFile(file, 'utf8')).matchAll(/0x([0-9a-f]+)/g)].map(([, word = '0']) => BigInt(`0x${word}`));
  const bytes = Buffer.alloc(8 * words.length);
  words.forEach((word, i) => bytes.writeBigUInt64LE(word, 8 * i));
  return bytes;
}
