import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import anyTest, { type TestFn } from 'ava';
import type { SourceText } from '../../codegen/targets/target.js';
import { InfinitileError, type Diagnostic } from '../../dsl/diagnostics/index.js';
import { ArtifactCache, artifactKey, artifactSpec, buildArtifacts, cacheDirectory, CompilationError, type BuildProgress, type Compiler } from '../../runtime/artifact/index.js';

const test = anyTest as TestFn<{ folder: string; warnings: Diagnostic[]; cache: ArtifactCache }>;

test.beforeEach(async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'infinitile-test-'));
  const warnings: Diagnostic[] = [];
  t.context = { folder, warnings, cache: new ArtifactCache({ directory: join(folder, 'cache'), onWarning: (warning) => warnings.push(warning) }) };
});

test.afterEach.always((t) => rm(t.context.folder, { recursive: true, force: true }));

const origin = { loss: 'clip', target: 'x86-64-v4' };

/** Copies the source; fails on 'wrong', waits for an abort on 'slow'. */
function copyingCompiler(): Compiler & { readonly compiled: string[]; running: number; most: number } {
  return {
    identity: 'copy 1.0',
    flags: ['-O3'],
    extension: '.so',
    compiled: [],
    running: 0,
    most: 0,
    async compile({ source, directory, output, signal }) {
      this.running += 1;
      this.most = Math.max(this.most, this.running);
      try {
        this.compiled.push(source.path);
        await new Promise((resolve) => setTimeout(resolve, 20));
        if (source.text === 'wrong') throw new CompilationError('copy 1.0', source, 'line 1: this is wrong\nline 2: and more');
        if (source.text === 'slow') {
          signal?.throwIfAborted();
          await new Promise((resolve) => signal?.addEventListener('abort', resolve, { once: true }));
          signal?.throwIfAborted();
        }
        await writeFile(join(directory, output), `artifact of ${source.text}`);
        return { log: 'fine', kernels: [] };
      } finally {
        this.running -= 1;
      }
    },
  };
}

function sources(...texts: readonly string[]): readonly SourceText[] {
  return texts.map((text, i) => ({ path: `clip/file${i}.cpp`, text }));
}

test('the key depends on everything the artifact depends on', (t) => {
  const facts = { source: 'a', compiler: 'g++ 12', flags: ['-O3'], file: 'stats.cpp' };
  const keys = [facts, { ...facts, source: 'b' }, { ...facts, compiler: 'g++ 13' }, { ...facts, flags: ['-O2'] }, { ...facts, flags: ['-', 'O3'] }, { ...facts, file: 'gradient.cpp' }];
  t.is(new Set(keys.map(artifactKey)).size, keys.length);
  t.is(artifactKey(facts), artifactKey({ ...facts }));
  t.regex(artifactKey(facts), /^[0-9a-f]{64}$/);
});

test('the directory is the variable, else the user cache', (t) => {
  t.is(cacheDirectory({ INFINITILE_CACHE_DIR: '/some/where' }), '/some/where');
  t.regex(cacheDirectory({}), /infinitile$/);
  t.is(cacheDirectory({ INFINITILE_CACHE_DIR: '' }), cacheDirectory({}));
});

test('built once, then found', async (t) => {
  const { cache } = t.context;
  const compiler = copyingCompiler();
  const spec = artifactSpec({ path: 'clip/stats.cpp', text: 'int x;' }, compiler, cache, origin);
  t.is(await spec.tryLoad(), undefined);
  const built = await spec.load();
  t.is(built.origin, 'built');
  t.is(await readFile(built.path, 'utf8'), 'artifact of int x;');
  t.deepEqual((await readdir(built.directory)).sort(), ['manifest.json', 'stats.cpp', 'stats.so']);
  t.like(built.manifest, { kind: 'artifact', loss: 'clip', target: 'x86-64-v4', file: 'clip/stats.cpp', compiler: 'copy 1.0', flags: ['-O3'], log: 'fine' });
  const found = await spec.load();
  t.is(found.origin, 'cache');
  t.deepEqual(found.manifest, built.manifest);
  t.deepEqual(compiler.compiled, ['clip/stats.cpp']);
  t.deepEqual(t.context.warnings, []);
});

test('a damaged entry is a warning and a rebuild', async (t) => {
  const { cache, warnings } = t.context;
  const spec = artifactSpec({ path: 'stats.cpp', text: 'int x;' }, copyingCompiler(), cache, origin);
  const { directory, path } = await spec.load();
  const manifest = join(directory, 'manifest.json');
  const text = await readFile(manifest, 'utf8');
  const damages: readonly [string, () => Promise<void>][] = [
    ['stats.so is missing', () => rm(path)],
    ['has 3 bytes', () => writeFile(path, 'cut')],
    ['SHA-256 differs', () => writeFile(path, 'artifact of int y;')],
    ['manifest.json is missing', () => rm(manifest)],
    ['manifest.json is not JSON', () => writeFile(manifest, text.slice(0, 100))],
    ['flags', () => writeFile(manifest, text.replace('"flags": [', '"flags": 3, "x": ['))],
    ['artifact.name', () => writeFile(manifest, text.replace('"name": "stats.so"', '"name": "../stats.so"'))],
  ];
  for (const [problem, damage] of damages) {
    await damage();
    const listed = await cache.list();
    t.is(listed.length, 1);
    t.true(listed[0]?.problem?.includes(problem), `${problem}: ${listed[0]?.problem}`);
    warnings.length = 0;
    const rebuilt = await spec.load();
    t.is(rebuilt.origin, 'built', problem);
    t.is(warnings[0]?.code, 'INF6102');
    t.true(warnings[0]?.message.includes(problem));
    t.is(await readFile(path, 'utf8'), 'artifact of int x;');
    t.is((await spec.load()).origin, 'cache');
  }
  t.deepEqual(await readdir(join(cache.directory, 'artifacts')), [spec.key]);
});

test('a cache directory that cannot be written is named, with what to set', async (t) => {
  const file = join(t.context.folder, 'file');
  await writeFile(file, 'in the way');
  const directory = join(file, 'cache');
  const cache = new ArtifactCache({ directory });
  const compiler = copyingCompiler();
  const error = await t.throwsAsync(artifactSpec({ path: 'a.cpp', text: 'x' }, compiler, cache, origin).load(), { instanceOf: InfinitileError });
  t.is(error.diagnostics[0]?.code, 'INF6101');
  t.true(error.message.includes(directory));
  t.true(error.message.includes('INFINITILE_CACHE_DIR'));
  t.deepEqual(compiler.compiled, [], 'nothing is compiled for nothing');
});

test('an entry in a directory that may only be read is used', async (t) => {
  const { cache } = t.context;
  const spec = artifactSpec({ path: 'a.cpp', text: 'x' }, copyingCompiler(), cache, origin);
  await spec.load();
  await chmod(join(cache.directory, 'artifacts'), 0o555);
  t.is((await spec.load()).origin, 'cache');
  await chmod(join(cache.directory, 'artifacts'), 0o755);
});

test('list, size and clear', async (t) => {
  const { cache } = t.context;
  t.deepEqual(await cache.list(), []);
  t.is(await cache.size(), 0);
  t.deepEqual(await cache.clear(), { entries: 0, bytes: 0 });
  await buildArtifacts(sources('a', 'b', 'c'), copyingCompiler(), cache, origin);
  await writeFile(join(cache.directory, 'artifacts', 'notes.txt'), 'not ours');
  const listed = await cache.list();
  t.deepEqual(listed.map((entry) => entry.manifest?.file).sort(), ['clip/file0.cpp', 'clip/file1.cpp', 'clip/file2.cpp']);
  const bytes = listed.reduce((sum, entry) => sum + entry.bytes, 0);
  t.is(await cache.size(), bytes);
  t.deepEqual(await cache.clear(), { entries: 3, bytes });
  t.deepEqual(await cache.list(), []);
  t.deepEqual(await readdir(join(cache.directory, 'artifacts')), ['notes.txt']);
});

test('several files are built at a time and come back in order', async (t) => {
  const { cache } = t.context;
  const compiler = copyingCompiler();
  const progress: BuildProgress[] = [];
  const files = sources('a', 'b', 'c', 'd', 'e');
  const artifacts = await buildArtifacts(files, compiler, cache, origin, { concurrency: 2, onProgress: (step) => progress.push(step) });
  t.deepEqual(artifacts.map((artifact) => artifact.manifest.file), files.map((file) => file.path));
  t.is(compiler.most, 2);
  t.deepEqual(progress.map((step) => [step.done, step.total, step.origin]), [1, 2, 3, 4, 5].map((done) => [done, 5, 'built']));
  const again = await buildArtifacts(files, compiler, cache, origin);
  t.true(again.every((artifact) => artifact.origin === 'cache'));
  t.is(compiler.compiled.length, 5);
});

test('one failure stops the others, keeps source and log, and leaves no entry', async (t) => {
  const { cache } = t.context;
  const compiler = copyingCompiler();
  const error = await t.throwsAsync(buildArtifacts(sources('slow', 'wrong', 'a', 'b'), compiler, cache, origin, { concurrency: 2 }), { instanceOf: CompilationError });
  t.is(error.log, 'line 1: this is wrong\nline 2: and more');
  t.true(error.message.includes('line 2: and more'));
  t.true(error.message.includes('clip/file1.cpp'));
  t.is(error.source.text, 'wrong');
  t.is(compiler.running, 0);
  const kept = error.keptIn ?? '';
  t.true(error.message.includes(kept));
  t.is(await readFile(join(kept, 'file1.cpp'), 'utf8'), 'wrong');
  t.is(await readFile(join(kept, 'log.txt'), 'utf8'), error.log);
  t.deepEqual(await readdir(join(cache.directory, 'artifacts')), []);
  await t.throwsAsync(buildArtifacts(sources('slow', 'wrong'), compiler, cache, origin), { instanceOf: CompilationError }, 'kept twice');
  await cache.clear();
  t.deepEqual(await readdir(join(cache.directory, 'failed')), []);
});

test('an abort ends the build with its reason and leaves nothing', async (t) => {
  const { cache } = t.context;
  const stop = new AbortController();
  const building = buildArtifacts(sources('slow', 'b', 'a'), copyingCompiler(), cache, origin, { signal: stop.signal });
  setTimeout(() => stop.abort(new Error('stopped')), 50);
  await t.throwsAsync(building, { message: 'stopped' });
  t.false((await readdir(join(cache.directory, 'artifacts'))).some((name) => name.startsWith('.tmp')));
  await t.throwsAsync(buildArtifacts(sources('b'), copyingCompiler(), cache, origin, { signal: stop.signal }), { message: 'stopped' });
});

test.serial('on a machine of many cores, as many compilations hear of an abort, and Node warns of none of them', async (t) => {
  const stop = new AbortController();
  const compiler = copyingCompiler();
  const warned: Error[] = [];
  const hear = (warning: Error): void => void warned.push(warning);
  process.on('warning', hear);
  t.teardown(() => process.off('warning', hear));
  const building = buildArtifacts(sources(...Array<string>(24).fill('slow')), compiler, t.context.cache, origin, { concurrency: 24, signal: stop.signal });
  setTimeout(() => stop.abort(new Error('stopped')), 100);
  await t.throwsAsync(building, { message: 'stopped' });
  t.is(compiler.most, 24);
  t.deepEqual(warned, []);
});

const builder = fileURLToPath(new URL('./support/cache-builder.ts', import.meta.url));

function startBuilder(directory: string, mode: string): ChildProcess {
  return fork(builder, [directory, mode], { execArgv: ['--import=tsx'], stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
}

test('eight processes build the same entries at once', async (t) => {
  const { cache } = t.context;
  const builders = Array.from({ length: 8 }, () => startBuilder(cache.directory, 'build'));
  const answers = await Promise.all(
    builders.map(async (child) => {
      const [message] = await Promise.all([once(child, 'message'), once(child, 'exit')]);
      return message[0] as { readonly contents: readonly string[]; readonly warnings: number; readonly origins: readonly string[] };
    }),
  );
  for (const answer of answers) {
    t.deepEqual(answer.contents, ['artifact of one', 'artifact of two', 'artifact of three']);
    t.is(answer.warnings, 0);
  }
  t.is(answers.flatMap((answer) => answer.origins).filter((from) => from === 'built').length, 3, 'one winner each');
  const listed = await cache.list();
  t.is(listed.length, 3);
  t.true(listed.every((entry) => entry.problem === undefined));
  t.is((await readdir(join(cache.directory, 'artifacts'))).length, 3, 'nothing left over');
});

test('a builder that is killed leaves nothing to be seen, and the next one sweeps', async (t) => {
  const { cache } = t.context;
  const child = startBuilder(cache.directory, 'hang');
  await once(child, 'message');
  child.kill('SIGKILL');
  await once(child, 'exit');
  const artifacts = join(cache.directory, 'artifacts');
  t.is((await readdir(artifacts)).filter((name) => name.startsWith('.tmp-')).length, 1);
  t.deepEqual(await cache.list(), []);
  await artifactSpec({ path: 'a.cpp', text: 'a' }, copyingCompiler(), cache, origin).load();
  t.is((await readdir(artifacts)).length, 1);
});

test('what another machine is making stays, until it is a day old', async (t) => {
  const { cache } = t.context;
  const artifacts = join(cache.directory, 'artifacts');
  const foreign = join(artifacts, '.tmp-0123456789ab-1-0123456789ab');
  await mkdir(foreign, { recursive: true });
  await cache.clear();
  t.deepEqual(await readdir(artifacts), ['.tmp-0123456789ab-1-0123456789ab']);
  const yesterday = new Date(Date.now() - 25 * 3600 * 1000);
  await utimes(foreign, yesterday, yesterday);
  await cache.clear();
  t.deepEqual(await readdir(artifacts), []);
});
