import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import anyTest, { type TestFn } from 'ava';
import { InfinitileError } from '../../dsl/diagnostics/index.js';
import type { NativeAddon, NvrtcRequest } from '../../runtime/addon.js';
import { ArtifactCache, artifactSpec, buildArtifacts, CompilationError, HostCompiler, NvrtcCompiler } from '../../runtime/artifact/index.js';
import { parseKernelReports } from '../../runtime/artifact/toolchain/kernel-report.js';

const test = anyTest as TestFn<{ folder: string; cache: ArtifactCache }>;

test.beforeEach(async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'infinitile-test-'));
  t.context = { folder, cache: new ArtifactCache({ directory: join(folder, 'cache') }) };
});

test.afterEach.always((t) => rm(t.context.folder, { recursive: true, force: true }));

const origin = { loss: 'clip', target: 'cpu' };

const good = {
  path: 'clip/stats.cpp',
  text: 'extern "C" void twice(void* const* args) {\n  float* x = static_cast<float*>(args[0]);\n#pragma omp parallel for\n  for (int i = 0; i < 8; ++i) x[i] *= 2;\n}\n',
};

function open(folder: string, more: { env?: NodeJS.ProcessEnv; options?: readonly string[] } = {}): Promise<HostCompiler> {
  return HostCompiler.open({ compilerOptions: more.options ?? [], cacheDirectory: join(folder, 'cache'), env: more.env ?? process.env });
}

/** A program in `folder` that stands for a compiler. */
async function script(folder: string, name: string, body: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, `#!/bin/sh\n${body}\n`);
  await chmod(path, 0o755);
  return path;
}

async function refusal(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    if (error instanceof InfinitileError) return error.message;
    throw error;
  }
  return 'nothing';
}

test('the host compiler makes a shared object', async (t) => {
  const { folder, cache } = t.context;
  const compiler = await open(folder);
  t.regex(compiler.identity, /\d+\.\d+/);
  t.true(compiler.flags.includes('-fopenmp'));
  const artifact = await artifactSpec(good, compiler, cache, origin).load();
  t.true(artifact.path.endsWith('/stats.so'));
  t.is((await readFile(artifact.path)).subarray(1, 4).toString(), 'ELF');
  t.deepEqual((await readdir(artifact.directory)).sort(), ['manifest.json', 'stats.cpp', 'stats.so']);
});

test('a flag that is named twice is given once, and the machine counts where flags speak of it', async (t) => {
  const { folder } = t.context;
  const plain = await open(folder, { options: ['-O3', '-fopenmp', '-ffp-contract=fast'] });
  t.is(plain.flags.filter((flag) => flag === '-O3').length, 1);
  t.is(plain.flags.at(-1), '-ffp-contract=fast');
  const native = await open(folder, { options: ['-march=native'] });
  t.not(native.identity, plain.identity);
});

test('an error of the compiler comes whole, under the name of the source', async (t) => {
  const { folder, cache } = t.context;
  const source = { path: 'clip/gradient.cpp', text: 'int first = undefined_one;\nint second = undefined_two;\n' };
  const error = await t.throwsAsync(artifactSpec(source, await open(folder), cache, origin).load(), { instanceOf: CompilationError });
  t.regex(error.log, /^gradient\.cpp:1:13: error: .*undefined_one/m);
  t.regex(error.log, /^gradient\.cpp:2:14: error: .*undefined_two/m);
  t.regex(error.message, /INF5002 .* could not compile 'clip\/gradient\.cpp'/);
  t.true(error.message.includes('undefined_two'));
  t.is(await readFile(join(error.keptIn ?? '', 'gradient.cpp'), 'utf8'), source.text);
});

test('a warning stops nothing, and is kept with what was made', async (t) => {
  const { folder, cache } = t.context;
  const source = { path: 'stats.cpp', text: 'static int unused;\n' };
  const { manifest } = await artifactSpec(source, await open(folder), cache, origin).load();
  t.regex(manifest.log, /^stats\.cpp:1:12: warning: .*unused/m);
});

test('what is known of a compiler is remembered until the program changes', async (t) => {
  const { folder } = t.context;
  const calls = join(folder, 'calls');
  const body = `echo "$*" >> ${calls}\ncase "$1" in --version) echo "fake 1.0";; -dumpmachine) echo somewhere;; esac`;
  const env = { ...process.env, CXX: await script(folder, 'fake', body) };
  const first = await open(folder, { env });
  t.is(first.identity, 'fake 1.0, somewhere');
  const made = (await readFile(calls, 'utf8')).split('\n').length;
  t.is((await open(folder, { env })).identity, first.identity);
  t.is((await readFile(calls, 'utf8')).split('\n').length, made);
  t.is((await readdir(join(folder, 'cache', 'compilers'))).length, 1);
  await script(folder, 'fake', `${body.replace('1.0', '2.0')}\n# longer`);
  t.is((await open(folder, { env })).identity, 'fake 2.0, somewhere');
  await new ArtifactCache({ directory: join(folder, 'cache') }).clear();
  t.deepEqual(await readdir(join(folder, 'cache', 'compilers')), []);
});

test('no compiler on the PATH: what to install', async (t) => {
  const { folder } = t.context;
  t.regex(await refusal(open(folder, { env: { PATH: folder } })), /INF5001 no C\+\+ compiler was found: c\+\+, g\+\+, clang\+\+[^]*apt install g\+\+[^]*CXX/);
  t.regex(await refusal(open(folder, { env: {} })), /INF5001/);
});

test('CXX is used and nothing else where it is set', async (t) => {
  const { folder } = t.context;
  t.regex(await refusal(open(folder, { env: { ...process.env, CXX: '/no/such/compiler -m64' } })), /INF5001 CXX is '\/no\/such\/compiler -m64'/);
  const broken = await script(folder, 'broken', 'echo "licence expired" >&2; exit 3');
  t.regex(await refusal(open(folder, { env: { ...process.env, CXX: broken } })), /INF5005 [^]*licence expired/);
  const compiler = await open(folder, { env: { ...process.env, CXX: 'g++ -DEXTRA=1' } });
  t.is(compiler.command[1], '-DEXTRA=1');
  t.regex(compiler.identity, /-DEXTRA=1/);
});

test('what a compiler lacks is found out', async (t) => {
  const { folder } = t.context;
  const refusing = async (name: string, what: string) => {
    const path = await script(folder, name, `case "$*" in --version) echo "${name} 1.0";; *"${what}"*) echo "unknown argument ${what}" >&2; exit 1;; esac`);
    return { env: { ...process.env, CXX: path }, options: ['-march=x86-64-v4'] };
  };
  t.regex(await refusal(open(folder, await refusing('no-openmp', '-fopenmp'))), /INF5005 no-openmp 1\.0[^]* has no OpenMP[^]*unknown argument/);
  t.regex(await refusal(open(folder, await refusing('old', '-march=x86-64-v4'))), /INF5005 old 1\.0[^]* does not take -march=x86-64-v4/);
  t.regex(await refusal(open(folder, await refusing('ancient', '-std=c++17'))), /INF5005 ancient 1\.0[^]* small C\+\+17 program/);
  t.deepEqual(await readdir(folder).then((names) => names.includes('cache')), false, 'nothing is remembered');
});

test('an abort kills the compiler and what it has started', async (t) => {
  const { folder, cache } = t.context;
  const pids = join(folder, 'pids');
  const path = await script(folder, 'slow', `case "$*" in --version) echo "slow 1.0";; *stats.cpp) sleep 60 & echo $! >> ${pids}; echo $$ >> ${pids}; wait;; esac`);
  const compiler = await open(folder, { env: { ...process.env, CXX: path } });
  const stop = new AbortController();
  const building = buildArtifacts([good], compiler, cache, origin, { signal: stop.signal });
  building.catch(() => undefined);
  let started: readonly number[] = [];
  while (started.length < 2) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    started = (await readFile(pids, 'utf8').catch(() => '')).split('\n').filter((line) => line !== '').map(Number);
  }
  stop.abort(new Error('stopped'));
  await t.throwsAsync(building, { message: 'stopped' });
  for (const pid of started) {
    let state = 'R';
    for (let i = 0; i < 100 && state !== 'Z' && state !== 'gone'; i += 1) {
      await new Promise((resolve) => setTimeout(resolve, 10));
      state = /\) (\w)/.exec(await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => ') gone'))?.[1] ?? 'gone';
      if (state === 'g') state = 'gone';
    }
    t.true(state === 'Z' || state === 'gone', `${pid} is ${state}`);
  }
  t.deepEqual(await readdir(join(cache.directory, 'artifacts')), []);
});

const report = `ptxas info    : 0 bytes gmem
ptxas info    : Compiling entry function 'gradient' for 'sm_90a'
ptxas info    : Function properties for gradient
ptxas         .     800 bytes stack frame, 12 bytes spill stores, 16 bytes spill loads
ptxas info    : Used 168 registers, used 2 barriers, 800 bytes cumulative stack size, 256 bytes smem
ptxas info    : Compile time = 47.679 ms
ptxas info    : Compiling entry function 'stats' for 'sm_90a'
ptxas info    : Function properties for stats
ptxas         .     0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
ptxas info    : Used 10 registers, used 0 barriers, 368 bytes cmem[0]
`;

test('the assembler report names registers, spills, stack and shared memory of each kernel', (t) => {
  t.deepEqual(parseKernelReports(report), [
    { kernel: 'gradient', registers: 168, stack: 800, spillStores: 12, spillLoads: 16, shared: 256 },
    { kernel: 'stats', registers: 10, stack: 0, spillStores: 0, spillLoads: 0, shared: 0 },
  ]);
  t.deepEqual(parseKernelReports(''), []);
});

type Nvrtc = Pick<NativeAddon, 'openNvrtc' | 'compileCuda'>;

function fakeNvrtc(answer: (request: NvrtcRequest) => { log: string; cubin?: Uint8Array | null }): Nvrtc & { readonly requests: NvrtcRequest[] } {
  const requests: NvrtcRequest[] = [];
  return {
    requests,
    openNvrtc: () => ({ path: '/opt/libnvrtc.so.13', builtins: null, major: 13, minor: 0 }),
    async compileCuda(request) {
      await new Promise((resolve) => setTimeout(resolve, 10));
      requests.push(request);
      return { cubin: Uint8Array.of(1, 2, 3), ptx: null, ...answer(request) };
    },
  };
}

const cuda = { path: 'clip/stats.cu', text: 'extern "C" __global__ void stats() {}' };
const sm90 = { architecture: 'sm_90', compilerOptions: ['--gpu-architecture=sm_80', '--use_fast_math'] };

test('NVRTC makes a cubin for the architecture at hand', async (t) => {
  const nvrtc = fakeNvrtc(() => ({ log: report }));
  const compiler = await NvrtcCompiler.open(nvrtc, sm90);
  t.deepEqual(compiler.flags, ['--gpu-architecture=sm_90', '--std=c++17', '--ptxas-options=-v', '--use_fast_math']);
  const artifact = await artifactSpec(cuda, compiler, t.context.cache, origin).load();
  t.deepEqual(nvrtc.requests, [{ name: 'stats.cu', source: cuda.text, options: compiler.flags }]);
  t.deepEqual([...(await readFile(artifact.path))], [1, 2, 3]);
  t.true(artifact.path.endsWith('/stats.cubin'));
  t.is(artifact.manifest.kernels[0]?.registers, 168);
  t.regex(artifact.manifest.compiler, /^NVRTC 13\.0/);
});

test('a warning of NVRTC or its assembler is an error', async (t) => {
  const logs = [
    'stats.cu(1): warning #177-D: variable "unused" was declared but never referenced\n',
    `ptxas info    : (C7510) Potential Performance Loss: wgmma.mma_async instructions are serialized in the function 'stats'\n`,
  ];
  for (const log of logs) {
    const compiler = await NvrtcCompiler.open(fakeNvrtc(() => ({ log })), sm90);
    const error = await t.throwsAsync(artifactSpec(cuda, compiler, t.context.cache, origin).load(), { instanceOf: CompilationError });
    t.is(error.log, log);
    t.regex(error.message, /warnings as errors, could not compile 'clip\/stats\.cu'/);
  }
});

test('spilled registers are no error: a long lambda is right all the same, and the manifest keeps what the assembler said', async (t) => {
  const log = `${report}ptxas warning : Registers are spilled to local memory in function 'stats', 8 bytes spill stores\n`;
  const compiler = await NvrtcCompiler.open(fakeNvrtc(() => ({ log })), sm90);
  const artifact = await artifactSpec(cuda, compiler, t.context.cache, origin).load();
  t.is(artifact.manifest.log, log);
});

test('an error of NVRTC comes whole; missing builtins are told as such', async (t) => {
  const failing = (message: string) => NvrtcCompiler.open({ ...fakeNvrtc(() => ({ log: '' })), compileCuda: () => Promise.reject(new Error(message)) }, sm90);
  const log = 'stats.cu(1): error: expected an expression\n2 errors detected in the compilation of "stats.cu".';
  const error = await t.throwsAsync(artifactSpec(cuda, await failing(log), t.context.cache, origin).load(), { instanceOf: CompilationError });
  t.is(error.log, log);
  const missing = 'nvrtc: error: failed to open libnvrtc-builtins.so.13.0.\n  Make sure that libnvrtc-builtins.so.13.0 is installed correctly.';
  t.regex(await refusal(artifactSpec(cuda, await failing(missing), t.context.cache, origin).load()), /INF5003 NVRTC \(\/opt\/libnvrtc\.so\.13\) does not find libnvrtc-builtins/);
  t.deepEqual(await readdir(join(t.context.cache.directory, 'artifacts')), []);
});

test('NVRTC that is nowhere: where it was looked for, and what to install', async (t) => {
  const tried: (string | null)[] = [];
  const none: Nvrtc = {
    ...fakeNvrtc(() => ({ log: '' })),
    openNvrtc: (path) => {
      tried.push(path);
      throw new Error(`${path ?? 'libnvrtc.so'}: cannot open shared object file`);
    },
  };
  const { folder } = t.context;
  await mkdir(join(folder, 'lib64'));
  const library = join(folder, 'lib64', 'libnvrtc.so.13');
  for (const name of ['libnvrtc.so.9', 'libnvrtc.so.13', 'libnvrtc.so.13.0.88', 'libnvrtc-builtins.so.13.0']) await writeFile(join(folder, 'lib64', name), '');
  const told = await refusal(NvrtcCompiler.open(none, { ...sm90, env: { PATH: '', CUDA_HOME: folder } }));
  t.regex(told, /INF5003 NVRTC was not found[^]*cannot open shared object file[^]*pip install nvidia-cuda-nvrtc/);
  t.deepEqual(tried.slice(0, 2), [null, library]);
  tried.length = 0;
  t.regex(await refusal(NvrtcCompiler.open(none, { ...sm90, env: { INFINITILE_NVRTC: library } })), /INF5003[^]*INFINITILE_NVRTC is/);
  t.deepEqual(tried, [library]);
});

test('an abort does not wait for NVRTC', async (t) => {
  const stop = new AbortController();
  const nvrtc = { ...fakeNvrtc(() => ({ log: '' })), compileCuda: () => new Promise<never>(() => undefined) };
  const building = buildArtifacts([cuda], await NvrtcCompiler.open(nvrtc, sm90), t.context.cache, origin, { signal: stop.signal });
  setTimeout(() => stop.abort(new Error('stopped')), 20);
  await t.throwsAsync(building, { message: 'stopped' });
});
