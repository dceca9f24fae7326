import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test from 'ava';
import { packagePath } from '../../codegen/emit/package-path.js';

/** The CUDA device over a driver that needs no GPU (device-fake-driver.cpp); over a real one: test/gpu. */
const folder = mkdtempSync(join(tmpdir(), 'infinitile-cuda-'));
test.after.always(() => rmSync(folder, { recursive: true, force: true }));
const onLinux = process.platform === 'linux' ? test : test.skip;
if (process.platform === 'linux') {
  const options = ['-std=c++17', '-O1', '-shared', '-fPIC', '-o', join(folder, 'libcuda.so.1')];
  execFileSync(process.env['CXX'] ?? 'c++', [...options, packagePath('test', 'runtime', 'device-fake-driver.cpp')], { stdio: 'pipe' });
}

const prelude = `
  import { createRequire } from 'node:module';
  const addon = createRequire(import.meta.url)(${JSON.stringify(packagePath('build', 'Release', 'infinitile.node'))});
  const cubin = new TextEncoder().encode('cubin');
  const launch = (module, name, args = [], sharedBytes = 0) => ({ kind: 'launch', module, name, grid: 3, threads: 128, sharedBytes, args });
  const add = (module, buffer, value, n, sharedBytes) =>
    launch(module, 'add', [{ kind: 'pointer', buffer, offset: 0 }, { kind: 'f32', value }, { kind: 'i32', value: n }], sharedBytes);
  const fill = (buffer, words, pattern) => ({ kind: 'fill', buffer, offset: 0, words, pattern });
  const floats = async (buffer, count) => { const target = new Float32Array(count); await buffer.read(target, 0); return [...target]; };
  const refusal = async (work) => { try { await work(); return 'nothing'; } catch (error) { return error.message; } };
  const print = (value) => console.log(JSON.stringify(value));
`;

let scripts = 0;

/** What the script prints, one JSON value or line each. */
async function withDriver(script: string, env: Readonly<Record<string, string>> = {}): Promise<unknown[]> {
  const file = join(folder, `script-${(scripts += 1)}.mjs`);
  writeFileSync(file, prelude + script);
  const { stdout } = await promisify(execFile)(process.execPath, [file], { env: { ...process.env, LD_LIBRARY_PATH: folder, ...env }, timeout: 30_000 });
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => (/^["[{\d]/.test(line) ? (JSON.parse(line) as unknown) : line));
}

onLinux('the driver and its devices are told', async (t) => {
  const [info] = await withDriver('print(addon.openCuda());');
  t.deepEqual(info, {
    path: join(folder, 'libcuda.so.1'),
    driverVersion: 13000,
    devices: [{ ordinal: 0, name: 'Fake GPU', computeMajor: 9, computeMinor: 0, multiprocessors: 132, totalBytes: 16384, sharedBytesPerBlock: 232448 }],
  });
});

onLinux('a driver that does not start is told with its path and its reason', async (t) => {
  const [message, again] = await withDriver('print(await refusal(() => addon.openCuda())); print(await refusal(() => addon.createCudaDevice(0)));', { FAKE_CUDA_INIT: '100' });
  t.is(message, `initialising the CUDA driver (${folder}/libcuda.so.1): CUDA_ERROR_NO_DEVICE: told in words`);
  t.is(again, message);
  const [unknown] = await withDriver('print(await refusal(() => addon.openCuda()));', { FAKE_CUDA_INIT: '4711' });
  t.is(unknown, `initialising the CUDA driver (${folder}/libcuda.so.1): CUDA error 4711`);
  const [absent] = await withDriver('print(await refusal(() => addon.createCudaDevice(1)));');
  t.is(absent, 'opening CUDA device 1: CUDA_ERROR_INVALID_DEVICE: told in words');
});

onLinux('commands run in order with their geometry and arguments', async (t) => {
  const output = await withDriver(`
    const device = addon.createCudaDevice(0);
    const module = device.loadModule(cubin);
    const buffer = device.allocate(40);
    const pending = [];
    pending.push(buffer.write(Float32Array.of(1, 2, 3), 0));
    pending.push(device.run([add(module, buffer, 0.5, 3)]));
    for (let i = 0; i < 100; i += 1) pending.push(device.run([add(module, buffer, 1, 2), add(module, buffer, 1, 3)]));
    print((await Promise.all(pending))[1]);
    // The geometry lies behind the numbers: the shorter add leaves the grid in the third.
    print(await floats(buffer, 6));
    await device.run([fill(buffer, 10, 0x3f800000), fill(buffer, 0, 7)]);
    print(await floats(buffer, 10));
    device.close();`);
  t.deepEqual(output.slice(0, 3), [1.5, [201.5, 202.5, 4, 3, 128, 0], Array(10).fill(1)]);
  t.is(output[3], 'context released, 0 bytes in use');
});

onLinux('a profile takes the time of each command, and names what fails as a run does', async (t) => {
  const output = await withDriver(`
    const device = addon.createCudaDevice(0);
    const module = device.loadModule(cubin);
    const buffer = device.allocate(40);
    print([...(await device.profile([fill(buffer, 10, 0), add(module, buffer, 0.5, 3), add(module, buffer, 1, 3)]))]);
    print(await floats(buffer, 3));
    print([...(await device.profile([]))]);
    print(await refusal(() => device.profile([launch(module, 'refused')])));
    print(await refusal(() => device.run([fill(buffer, 10, 0)])));
    print(await refusal(() => device.profile([fill(buffer, 1, 0), launch(module, 'crash'), fill(buffer, 2, 0)])));
    device.close();`);
  t.deepEqual(output.slice(0, 3), [[1.5, 1.5, 1.5], [1.5, 1.5, 1.5], []]);
  t.regex(String(output[3]), /^command 1 of 1 \(launch refused.*CUDA_ERROR_INVALID_VALUE/);
  t.is(output[4], 'nothing');
  t.regex(String(output[5]), /^one of the first 2 commands.*crash.*CUDA_ERROR_ILLEGAL_ADDRESS.*context is lost/);
});

onLinux('more than 48 KiB of shared memory are asked for, once', async (t) => {
  const output = await withDriver(`
    const device = addon.createCudaDevice(0);
    const module = device.loadModule(cubin);
    const buffer = device.allocate(64);
    for (const shared of [49152, 49153, 49153, 1024, 100000, 100000]) await device.run([add(module, buffer, 1, 1, shared)]);
    print(await refusal(() => device.run([add(module, buffer, 1, 1, 300000)])));
    await device.run([add(module, buffer, 1, 1, 90000)]);`);
  t.deepEqual(output.slice(0, 3), ['attribute 8 of add: 49153', 'attribute 8 of add: 100000', 'attribute 8 of add: 300000']);
  t.is(output[3], 'command 1 of 1 (launch add, grid 3, 128 threads, 300000 bytes shared): CUDA_ERROR_INVALID_VALUE: told in words');
});

onLinux('errors are named, and the device goes on', async (t) => {
  const [...messages] = await withDriver(`
    const device = addon.createCudaDevice(0);
    const module = device.loadModule(cubin);
    const buffer = device.allocate(64);
    print(await refusal(() => device.run([fill(buffer, 16, 0), launch(module, 'refused')])));
    print(await refusal(() => device.run([launch(module, 'add', [{ kind: 'pointer', buffer, offset: 0 }])])));
    print(await refusal(() => module.require('absent')));
    print(await refusal(() => device.loadModule(new Uint8Array(100))));
    print(await refusal(() => device.loadModule('/tmp/kernel.cubin')));
    await device.run([add(module, buffer, 2, 1)]);
    print(await floats(buffer, 1));`);
  t.deepEqual(messages.slice(0, 6), [
    'command 2 of 2 (launch refused, grid 3, 128 threads, 0 bytes shared): CUDA_ERROR_INVALID_VALUE: told in words',
    "command 1 of 1 (launch add, grid 3, 128 threads, 0 bytes shared): the kernel's parameters are of 8, 4, 4 bytes, the arguments of 8",
    "the module has no kernel 'absent'",
    'loading a module of 100 bytes (what ptxas said): CUDA_ERROR_INVALID_IMAGE: told in words',
    'a CUDA module is loaded from the bytes of a cubin',
    [2],
  ]);
});

onLinux('a lost context is told, and nothing crashes after it', async (t) => {
  const output = await withDriver(`
    const device = addon.createCudaDevice(0);
    const module = device.loadModule(cubin);
    const buffer = device.allocate(64);
    module.require('add');
    print(await refusal(() => device.run([launch(module, 'crash')])));
    print(await refusal(() => device.run([add(module, buffer, 1, 1), launch(module, 'crash'), add(module, buffer, 1, 1)])));
    print(await refusal(() => floats(buffer, 1)));
    buffer.free();
    module.unload();
    device.close();
    print('end');`);
  const lost = /CUDA_ERROR_ILLEGAL_ADDRESS: an illegal memory access was encountered; the device's context is lost: every call on it fails from now on/;
  t.regex(String(output[0]), /^command 1 of 1 \(launch crash/);
  for (const message of output.slice(0, 3)) t.regex(String(message), lost);
  t.regex(String(output[2]), /^read of 4 bytes/);
  const [several] = await withDriver(`
    const device = addon.createCudaDevice(0);
    const module = device.loadModule(cubin);
    const buffer = device.allocate(64);
    print(await refusal(() => device.run([add(module, buffer, 1, 1), launch(module, 'crash'), add(module, buffer, 1, 1), launch(module, 'refused')])));`);
  t.regex(String(several), /^one of the first 3 commands \(kernels add, crash; CUDA_LAUNCH_BLOCKING=1 in the environment tells which\): CUDA_ERROR_ILLEGAL/);
  t.true(output.includes('end'));
});

onLinux('memory runs out with figures, and comes back', async (t) => {
  const output = await withDriver(`
    const device = addon.createCudaDevice(0);
    const module = device.loadModule(cubin);
    const first = device.allocate(10000);
    print(await refusal(() => device.allocate(10000)));
    try { device.allocate(10000) } catch (error) { print(error.code) }
    const pending = device.run(Array(200).fill(fill(first, 2500, 0)));
    first.free();
    const second = device.allocate(12000);
    await pending;
    second.free();
    device.allocate(0).free();
    print([device.allocatedBytes, device.peakBytes]);`);
  t.deepEqual(output.slice(0, 3), [
    'not enough device memory for a buffer of 10000 bytes (6384 of 16384 bytes are free): CUDA_ERROR_OUT_OF_MEMORY: told in words',
    'OUT_OF_MEMORY',
    [0, 12000],
  ]);
});

onLinux('a process ends with everything open', async (t) => {
  const output = await withDriver(`
    const device = addon.createCudaDevice(0);
    globalThis.kept = [device, device.loadModule(cubin), device.allocate(64)];
    print('end');`);
  t.is(output[0], 'end');
});
