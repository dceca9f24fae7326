import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { buildLibrary, scriptFolder } from './support/fake-libraries.js';

/** The CUDA device over a driver that needs no GPU (device-fake-driver.cpp); over a real one: test/gpu. */
const { folder, run: withDriver } = scriptFolder(test, `
  const matrix = { kind: 'tensorMap', offset: 0, rows: 8, cols: 96, planes: 1, pitch: 96, planePitch: 96, boxRows: 128, boxCols: 64 };
  const tiles = (module, buffer, map) => launch(module, 'tiles', [{ kind: 'i32', value: 1 }, { ...matrix, buffer, ...map }, { kind: 'i32', value: 2 }]);
`);
const onLinux = process.platform === 'linux' ? test : test.skip;
const oldFolder = join(folder, 'old');
if (process.platform === 'linux') {
  mkdirSync(oldFolder);
  buildLibrary(join(folder, 'libcuda.so.1'), 'device-fake-driver.cpp');
  buildLibrary(join(oldFolder, 'libcuda.so.1'), 'device-fake-driver.cpp', '-DOLD_DRIVER');
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

/** A list with everything in it, run twice with other inputs, and one that reads often and more than page-locked memory holds at first. */
const keptLists = `
    const device = addon.createCudaDevice(0);
    const module = device.loadModule(cubin);
    const buffer = device.allocate(64);
    const input = (offset) => ({ kind: 'input', offset, bytes: 4 });
    const read = (words, at) => ({ kind: 'read', buffer, offset: 0, bytes: 4 * words, at });
    const list = device.prepare([fill(buffer, 16, 0), read(1, 0), { kind: 'clock', at: 8 }, launch(module, 'add', [{ kind: 'pointer', buffer, offset: 0 }, input(4), input(0)]), read(2, 16), fill(buffer, 0, 7), read(0, 0)]);
    const inputs = new DataView(new ArrayBuffer(8));
    const runs = [];
    for (const [n, value] of [[2, 0.5], [1, 7], [1, 7], [2, 0.5]]) {
      inputs.setInt32(0, n, true);
      inputs.setFloat32(4, value, true);
      const outputs = new ArrayBuffer(24);
      runs.push(list.run(inputs, new Uint8Array(outputs)).then((ms) => [ms, ...new Float32Array(outputs, 0, 1), ...new Float64Array(outputs, 8, 1), ...new Float32Array(outputs, 16)]));
    }
    print(await Promise.all(runs));
    list.release();
    const large = device.prepare([{ ...read(16, 65536) }, ...Array(2000).fill(read(16, 0))]);
    const many = new Float32Array(16400);
    await large.run(inputs, many);
    print([many[0], many[16384]]);
    device.close();`;
const keptResults = [
  [[1.5, 0, 1.5, 0.5, 0.5], [1.5, 0, 1.5, 7, 3], [1.5, 0, 1.5, 7, 3], [1.5, 0, 1.5, 0.5, 0.5]],
  [0.5, 0.5],
];

onLinux('a list that is kept is one graph, which is told the arguments that change', async (t) => {
  const output = await withDriver(keptLists);
  t.deepEqual(output.slice(0, 5), ['graph: event fill read event add read event', 'new arguments of node 5', 'new arguments of node 5', keptResults[0], 'no graph is left']);
  t.is(output[5], `graph: event${' read'.repeat(2001)} event`);
  t.deepEqual(output.slice(6), [keptResults[1], 'no graph is left', 'context released, 0 bytes in use']);
});

onLinux('without graphs, and where launches are to block, a list that is kept runs command by command', async (t) => {
  for (const env of [{ LD_LIBRARY_PATH: oldFolder }, { CUDA_LAUNCH_BLOCKING: '1' }]) {
    t.deepEqual(await withDriver(keptLists, env), [...keptResults, 'context released, 0 bytes in use']);
  }
});

onLinux('a list that is kept names what fails, and can be run again', async (t) => {
  const output = await withDriver(`
    const device = addon.createCudaDevice(0);
    const module = device.loadModule(cubin);
    const buffer = device.allocate(64);
    const refused = device.prepare([fill(buffer, 16, 0), launch(module, 'refused')]);
    for (const turn of [1, 2]) print(await refusal(() => refused.run(new Uint8Array(0), new Uint8Array(0))));
    const wrong = device.prepare([launch(module, 'add', [{ kind: 'pointer', buffer, offset: 0 }])]);
    print(await refusal(() => wrong.run(new Uint8Array(0), new Uint8Array(0))));
    const shared = device.prepare([add(module, buffer, 1, 1, 49153), add(module, buffer, 1, 1, 300000)]);
    print(await refusal(() => shared.run(new Uint8Array(0), new Uint8Array(0))));
    const crashing = device.prepare([add(module, buffer, 1, 1), launch(module, 'crash')]);
    print(await refusal(() => crashing.run(new Uint8Array(0), new Uint8Array(0))));
    device.close();
    print('end');`);
  const told = output.filter((line) => !/^(graph:|no graph)/.test(String(line)));
  const refusal = 'command 2 of 2 (launch refused, grid 3, 128 threads, 0 bytes shared): CUDA_ERROR_INVALID_VALUE: told in words';
  t.deepEqual(told.slice(0, 2), [refusal, refusal]);
  t.is(told[2], "command 1 of 1 (launch add, grid 3, 128 threads, 0 bytes shared): the kernel's parameters are of 8, 4, 4 bytes, the arguments of 8");
  t.deepEqual(told.slice(3, 6), ['attribute 8 of add: 49153', 'attribute 8 of add: 300000', 'command 2 of 2 (launch add, grid 3, 128 threads, 300000 bytes shared): CUDA_ERROR_INVALID_VALUE: told in words']);
  t.regex(String(told[6]), /^one of the first 2 commands \(kernels add, crash; .*CUDA_ERROR_ILLEGAL_ADDRESS.*context is lost/);
  t.true(told.includes('end'));
});

onLinux('a list that is kept is asked for longer before it is slept for', async (t) => {
  const output = await withDriver(
    `const device = addon.createCudaDevice(0);
    const buffer = device.allocate(64);
    const list = device.prepare([fill(buffer, 16, 0)]);
    for (const run of [() => list.run(new Uint8Array(0), new Uint8Array(0)), () => device.run([fill(buffer, 16, 0)])]) {
      const begin = performance.now();
      await run();
      print(performance.now() - begin);
    }`,
    { FAKE_CUDA_BUSY: '1' },
  );
  const [kept = 0, other = 0] = output.filter((line) => typeof line === 'number');
  t.is(output.filter((line) => line === 'slept').length, 2);
  t.true(kept >= 100 && other >= 2 && other < kept / 2, `${String(kept)} and ${String(other)} ms`);
});

onLinux('a long wait is slept through', async (t) => {
  const script = `
    const device = addon.createCudaDevice(0);
    const buffer = device.allocate(64);
    await device.run([fill(buffer, 16, 0x3f800000)]);
    print(await floats(buffer, 2));`;
  t.deepEqual((await withDriver(script, { FAKE_CUDA_BUSY: '1' })).slice(0, 3), ['slept', 'slept', [1, 1]]);
});

onLinux('a profile takes the time of each command, and names what fails as a run does', async (t) => {
  const output = await withDriver(`
    const device = addon.createCudaDevice(0);
    const module = device.loadModule(cubin);
    const buffer = device.allocate(40);
    print([...(await device.profile([fill(buffer, 10, 0), add(module, buffer, 0.5, 3), add(module, buffer, 1, 3)]))]);
    print(await floats(buffer, 3));
    print([...(await device.profile([]))]);
    const outputs = new ArrayBuffer(16);
    const times = await device.profile([{ kind: 'read', buffer, offset: 4, bytes: 4, at: 8 }, { kind: 'clock', at: 0 }], new Uint8Array(outputs));
    print([...times, ...new Float64Array(outputs, 0, 1), ...new Float32Array(outputs, 8, 1)]);
    print(await refusal(() => device.profile([launch(module, 'refused')])));
    print(await refusal(() => device.run([fill(buffer, 10, 0)])));
    print(await refusal(() => device.profile([fill(buffer, 1, 0), launch(module, 'crash'), fill(buffer, 2, 0)])));
    device.close();`);
  t.deepEqual(output.slice(0, 4), [[1.5, 1.5, 1.5], [1.5, 1.5, 1.5], [], [1.5, 1.5, 1.5, 1.5]]);
  t.regex(String(output[4]), /^command 1 of 1 \(launch refused.*CUDA_ERROR_INVALID_VALUE/);
  t.is(output[5], 'nothing');
  t.regex(String(output[6]), /^one of the first 2 commands.*crash.*CUDA_ERROR_ILLEGAL_ADDRESS.*context is lost/);
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

onLinux('tensor maps are encoded as they are described, and passed by value', async (t) => {
  const output = await withDriver(`
    const device = addon.createCudaDevice(0);
    const module = device.loadModule(cubin);
    const buffer = device.allocate(4096);
    await device.run([tiles(module, buffer, {}), tiles(module, buffer, { offset: 32, rows: 9, planes: 2, pitch: 208, planePitch: 104, boxRows: 256 })]);
    print(await refusal(() => device.run([tiles(module, buffer, { boxRows: 13 })])));
    print(await refusal(() => device.run([launch(module, 'tiles', [{ kind: 'i32', value: 1 }, { kind: 'pointer', buffer, offset: 0 }, { kind: 'i32', value: 2 }])])));`);
  t.deepEqual(output.slice(0, 4), [
    'map: type 1, rank 3, at 0, 96 x 1 x 8, pitches 192 192, box 64 x 1 x 128, strides 1 1 1, 0 3 3 0, aligned',
    'map: type 1, rank 3, at 32, 96 x 2 x 9, pitches 208 416, box 64 x 1 x 256, strides 1 1 1, 0 3 3 0, aligned',
    'tiles of map 1, aligned',
    'tiles of map 2, aligned',
  ]);
  t.regex(String(output[4]), /^map: .* box 64 x 1 x 13,/);
  t.is(output[5], 'command 1 (launch tiles), argument 2: encoding a tensor map of 8 x 96 elements, tiles of 13 x 64: CUDA_ERROR_INVALID_VALUE: told in words');
  t.is(output[6], "command 1 of 1 (launch tiles, grid 3, 128 threads, 0 bytes shared): the kernel's parameters are of 4, 128, 4 bytes, the arguments of 4, 8, 4");
});

onLinux('a driver without tensor maps is told to be too old', async (t) => {
  const [message] = await withDriver(
    `const device = addon.createCudaDevice(0);
     print(await refusal(() => device.run([tiles(device.loadModule(cubin), device.allocate(4096), {})])));`,
    { LD_LIBRARY_PATH: oldFolder },
  );
  t.is(
    message,
    `command 1 (launch tiles), argument 2: the CUDA driver (${oldFolder}/libcuda.so.1, for CUDA 13.0) is too old for tensor maps, which Hopper's kernels copy by: they need a driver for CUDA 12.0 or later`,
  );
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
