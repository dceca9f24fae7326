import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test, { type ExecutionContext } from 'ava';
import { packagePath } from '../../codegen/emit/package-path.js';
import { InfinitileError } from '../../dsl/diagnostics/index.js';
import { loadAddon, openAddon, type NvrtcInfo, type NvrtcRequest } from '../../runtime/addon.js';
import { openNvrtc } from '../../runtime/artifact/toolchain/find-nvrtc.js';

const addon = loadAddon();
const folder = mkdtempSync(join(tmpdir(), 'infinitile-addon-'));
test.after.always(() => rmSync(folder, { recursive: true, force: true }));

const nvrtc = openNvrtc(addon, process.env).catch((error: unknown) => String(error));
let skipped = 0;
test.after(async () => {
  const info = await nvrtc;
  if (typeof info === 'string') console.log(`${skipped} tests that compile CUDA were skipped: ${info}`);
});

/** A test that needs NVRTC; where there is none it is skipped, which is counted and told. */
function nvrtcTest(title: string, body: (t: ExecutionContext, info: NvrtcInfo) => Promise<void>): void {
  test(title, async (t) => {
    const info = await nvrtc;
    if (typeof info !== 'string') return body(t, info);
    skipped += 1;
    t.log('skipped: no NVRTC');
    t.pass();
  });
}

const addOne = 'extern "C" __global__ void addOne(float* x, int n) { int i = blockIdx.x * blockDim.x + threadIdx.x; if (i < n) x[i] += 1.0f; }';

function request(options: readonly string[], source = addOne): NvrtcRequest {
  return { name: 'add-one.cu', source, options };
}

function packageWith(name: string, addonFile: (path: string) => void, version = addon.version): string {
  const root = join(folder, name);
  mkdirSync(join(root, 'build', 'Release'), { recursive: true });
  writeFileSync(join(root, 'package.json'), JSON.stringify({ version }));
  addonFile(join(root, 'build', 'Release', 'infinitile.node'));
  return root;
}

test('an addon that is missing, damaged or of another version is told with how to build it', (t) => {
  const built = packagePath('build', 'Release', 'infinitile.node');
  const missing = packageWith('missing', () => undefined);
  const damaged = packageWith('damaged', (path) => writeFileSync(path, 'not an addon'));
  const old = packageWith('old', (path) => symlinkSync(built, path), '99.0.0');
  const good = packageWith('good', (path) => symlinkSync(built, path));
  for (const [root, message] of [
    [missing, /INF5004 the native addon has not been built: there is no .*missing.build.Release.infinitile.node/],
    [damaged, /INF5004 the native addon cannot be loaded: .*damaged/],
    [old, /INF5004 the native addon is of version .*, the package of 99\.0\.0/],
  ] as const) {
    const error = t.throws(() => openAddon(root), { instanceOf: InfinitileError, message });
    t.regex(error.message, /hint: npm install builds it .*C\+\+17 compiler and CMake/);
  }
  t.is(openAddon(good).version, addon.version);
});

test('without a driver the addon loads, and says what it looked for', (t) => {
  try {
    t.true(addon.openCuda().driverVersion > 0);
  } catch (error) {
    t.true(error instanceof Error);
    t.regex(String(error), /cannot open the CUDA driver library:\n {2}libcuda\.so\.1: |initialising the CUDA driver \(.*\): CUDA_ERROR_/);
    t.throws(() => addon.createCudaDevice(0), { message: /CUDA driver/ });
  }
  t.throws(() => addon.createCudaDevice(-1), { message: /ordinal must be a whole number/ });
});

test('an NVRTC that is not there is named', (t) => {
  t.throws(() => addon.openNvrtc('/absent/libnvrtc.so.13', null), { message: /cannot open NVRTC:\n {2}\/absent\/libnvrtc\.so\.13: / });
  t.throws(() => addon.openNvrtc(1 as unknown as string, null), { message: 'path must be a string' });
});

nvrtcTest('NVRTC compiles cubins for architectures that are not here', async (t, info) => {
  t.true(info.major >= 12);
  t.regex(info.builtins ?? '', /libnvrtc-builtins/);
  for (const architecture of ['sm_80', 'sm_90', 'sm_90a']) {
    const { cubin, log } = await addon.compileCuda(request([`--gpu-architecture=${architecture}`, '--ptxas-options=-v']));
    t.deepEqual([...(cubin ?? []).slice(0, 4)], [0x7f, 0x45, 0x4c, 0x46]);
    t.regex(log, /Compiling entry function 'addOne'/);
    t.regex(log, /Used \d+ registers/);
  }
});

nvrtcTest('a virtual architecture gives PTX and no cubin', async (t) => {
  const { cubin, ptx, log } = await addon.compileCuda(request(['--gpu-architecture=compute_80']));
  t.is(cubin, null);
  t.regex(ptx ?? '', /\.entry addOne\(/);
  t.is(log, '');
});

nvrtcTest('compilations run side by side', async (t) => {
  const requests = [...Array(6).keys()].map((i) => request(['--gpu-architecture=sm_80'], addOne.replace('addOne', `add${i}`)));
  const results = await Promise.all(requests.map((each) => addon.compileCuda(each)));
  results.forEach(({ ptx }, i) => t.regex(ptx ?? '', new RegExp(`\\.entry add${i}\\(`)));
});

nvrtcTest('a refused source rejects with the whole log', async (t) => {
  const error = await t.throwsAsync(addon.compileCuda(request(['--gpu-architecture=sm_80'], 'extern "C" __global__ void broken() {\n  undefinedName = 1;\n}\n')));
  t.regex(error.message, /^NVRTC refuses add-one\.cu \(NVRTC_ERROR_COMPILATION\)\nadd-one\.cu\(2\): error: identifier "undefinedName" is undefined/);
  t.regex(error.message, /1 error detected in the compilation of "add-one\.cu"\.$/);
  await t.throwsAsync(addon.compileCuda(request(['--gpu-architecture=sm_1'])), { message: /NVRTC_ERROR_INVALID_OPTION.*\n.*gpu-architecture/ });
  await t.throwsAsync(addon.compileCuda({} as NvrtcRequest), { message: 'name must be a string' });
  await t.throwsAsync(addon.compileCuda(request([7 as unknown as string])), { message: 'an option must be a string' });
});

nvrtcTest('builtins that are missing are named', async (t, info) => {
  const lonely = join(folder, 'libnvrtc.so.13');
  symlinkSync(info.path, lonely);
  const script = `
    const { openNvrtc, compileCuda } = require(${JSON.stringify(packagePath('build', 'Release', 'infinitile.node'))});
    const { builtins } = openNvrtc(${JSON.stringify(lonely)}, null);
    const refused = (() => { try { openNvrtc(${JSON.stringify(lonely)}, '/absent/builtins.so') } catch (error) { return error.message } })();
    compileCuda(${JSON.stringify(request(['--gpu-architecture=sm_80']))}).then(() => 'compiled', (error) => error.message).then((outcome) => console.log(JSON.stringify({ builtins, refused, outcome })));`;
  const { stdout } = await promisify(execFile)(process.execPath, ['-e', script]);
  const { builtins, refused, outcome } = JSON.parse(stdout) as { builtins: string | null; refused: string; outcome: string };
  t.regex(refused, /cannot open NVRTC's builtins: \/absent\/builtins\.so/);
  if (builtins === null) t.regex(outcome, new RegExp(`libnvrtc-builtins\\.so\\.${info.major}\\.${info.minor} of the same version must lie beside ${lonely}`));
  else t.is(outcome, 'compiled', 'the loader finds the builtins on this machine');
});

nvrtcTest('NVRTC has to be opened before it compiles', async (t) => {
  const script = `
    const { compileCuda } = require(${JSON.stringify(packagePath('build', 'Release', 'infinitile.node'))});
    compileCuda(${JSON.stringify(request([]))}).catch((error) => console.log(error.message));`;
  const { stdout } = await promisify(execFile)(process.execPath, ['-e', script]);
  t.is(stdout.trim(), 'NVRTC is not open: call openNvrtc first');
});
