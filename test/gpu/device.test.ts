import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test from 'ava';
import { packagePath } from '../../codegen/emit/package-path.js';
import { InfinitileError } from '../../dsl/diagnostics/index.js';
import { loadAddon, type NativeArg, type NativeBuffer, type NativeCommand, type NativeModule } from '../../runtime/addon.js';
import { openNvrtc } from '../../runtime/artifact/toolchain/find-nvrtc.js';
import { CudaDevice } from '../../runtime/device/cuda.js';
import { detect } from '../../runtime/device/detect.js';

const source = `
struct Weights { float a, b, c; };
extern "C" __global__ void addScaled(const float* x, float* y, float scale, Weights weights, int n) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) y[i] += scale * x[i] + weights.a + weights.b + weights.c;
}
extern "C" __global__ void mark(unsigned* marks) { if (threadIdx.x == 0) marks[blockIdx.x] += blockIdx.x; }
extern "C" __global__ void sharedSum(float* out, int count) {
  extern __shared__ float values[];
  for (int i = threadIdx.x; i < count; i += blockDim.x) values[i] = i;
  __syncthreads();
  if (threadIdx.x == 0) { float sum = 0; for (int i = 0; i < count; ++i) sum += values[i]; *out = sum; }
}
extern "C" __global__ void spin(long long cycles) { const long long begin = clock64(); while (clock64() - begin < cycles) {} }
extern "C" __global__ void wild(int* p) { *p = 1; }
`;

const addon = loadAddon();

async function compileFor(device: CudaDevice): Promise<Uint8Array> {
  await openNvrtc(addon, process.env);
  const { cubin } = await addon.compileCuda({ name: 'device-test.cu', source, options: [`--gpu-architecture=${device.architecture}`] });
  if (cubin === null) throw new Error('no cubin');
  return cubin;
}

async function open(): Promise<{ device: CudaDevice; module: NativeModule }> {
  const device = new CudaDevice();
  return { device, module: device.loadModule(await compileFor(device)) };
}

function pointer(buffer: NativeBuffer | null, offset = 0): NativeArg {
  return { kind: 'pointer', buffer, offset };
}

function i32(value: number): NativeArg {
  return { kind: 'i32', value };
}

function launch(module: NativeModule, name: string, grid: number, args: readonly NativeArg[], sharedBytes = 0): NativeCommand {
  return { kind: 'launch', module, name, grid, threads: 256, sharedBytes, args };
}

test.serial('the GPU is detected', async (t) => {
  const { cuda, nvrtc } = await detect();
  t.true(cuda.found && cuda.value.devices.length > 0);
  t.true(nvrtc.found && nvrtc.value.builtins !== null);
  t.log(cuda, nvrtc);
});

test.serial('vectors are added, with every kind of argument and copies at offsets', async (t) => {
  const { device, module } = await open();
  const n = 1_000_003;
  const x = Float32Array.from({ length: n }, (_, i) => i % 1000);
  const [inputs, sums] = [device.allocate(4 * (n + 8)), device.allocate(4 * n)];
  const written = inputs.write(x, 32);
  const elapsed = device.run([
    { kind: 'fill', buffer: sums, offset: 0, words: n, pattern: 0x3f800000 },
    launch(module, 'addScaled', Math.ceil(n / 256), [
      pointer(inputs, 32),
      pointer(sums),
      { kind: 'f32', value: 0.5 },
      { kind: 'bytes', value: Float32Array.of(1, 2, 4) },
      i32(n),
    ]),
  ]);
  const y = new Float32Array(n - 2);
  await sums.read(y, 8);
  await written;
  t.true((await elapsed) > 0);
  t.true(y.every((value, i) => value === 8 + 0.5 * ((i + 2) % 1000)));
  device.close();
});

test.serial('grids reach beyond 65535 blocks', async (t) => {
  const { device, module } = await open();
  const blocks = 3_000_000;
  const marks = device.allocate(4 * blocks);
  await device.run([{ kind: 'fill', buffer: marks, offset: 0, words: blocks, pattern: 1 }, launch(module, 'mark', blocks, [pointer(marks)])]);
  const last = new Uint32Array(2);
  await marks.read(last, 4 * (blocks - 2));
  t.deepEqual([...last], [blocks - 1, blocks]);
  device.close();
});

test.serial('shared memory beyond 48 KiB', async (t) => {
  const { device, module } = await open();
  const out = device.allocate(4);
  for (const count of [100, 12_288, 24_000, 20_000]) {
    await device.run([launch(module, 'sharedSum', 1, [pointer(out), i32(count)], 4 * count)]);
    const sum = new Float32Array(1);
    await out.read(sum, 0);
    let expected = 0;
    for (let i = 0; i < count; i += 1) expected = Math.fround(expected + i);
    t.is(sum[0], expected);
  }
  const tooMuch = device.info.sharedBytesPerBlock + 1024;
  await t.throwsAsync(device.run([launch(module, 'sharedSum', 1, [pointer(out), i32(1)], tooMuch)]), { message: /launch sharedSum.*CUDA_ERROR_INVALID_VALUE/ });
  await device.run([launch(module, 'sharedSum', 1, [pointer(out), i32(100)], 400)]);
  device.close();
});

test.serial('a list that is kept takes the inputs of each run, is timed, and may be long', async (t) => {
  const { device, module } = await open();
  const sum = device.allocate(4);
  const input = (offset: number, bytes: number): NativeArg => ({ kind: 'input', offset, bytes });
  const list = device.prepare([
    { kind: 'fill', buffer: sum, offset: 0, words: 1, pattern: 0 },
    { kind: 'clock', at: 0 },
    launch(module, 'spin', 1, [input(8, 8)]),
    { kind: 'clock', at: 8 },
    launch(module, 'sharedSum', 1, [pointer(sum), input(0, 4)], 100_000),
    { kind: 'read', buffer: sum, offset: 0, bytes: 4, at: 16 },
  ]);
  const inputs = new DataView(new ArrayBuffer(16));
  const runs = [[1000, 0n], [100, 40_000_000n], [100, 40_000_000n], [10, 0n]] as const;
  for (const [count, cycles] of runs) {
    inputs.setInt32(0, count, true);
    inputs.setBigInt64(8, cycles, true);
    const outputs = new ArrayBuffer(20);
    const elapsed = await list.run(inputs, new Uint8Array(outputs));
    const [before = 0, after = 0] = new Float64Array(outputs, 0, 2);
    t.is(new Float32Array(outputs, 16)[0], (count * (count - 1)) / 2);
    t.true(before >= 0 && after > before && elapsed >= after, `${before}, ${after}, ${elapsed} ms`);
    // No GPU's clock reaches 4 GHz.
    if (cycles > 0n) t.true(after - before > 10, `${after - before} ms`);
  }
  list.release();
  device.close();
});

test.serial('lists queue in order while the event loop goes on', async (t) => {
  const { device, module } = await open();
  const order: number[] = [];
  const spin = launch(module, 'spin', 1, [{ kind: 'bytes', value: new Float32Array(Float64Array.of(0).buffer) }]);
  let ticks = 0;
  const timer = setInterval(() => (ticks += 1), 1);
  // 40 million cycles, as the low word of a 64-bit integer.
  const long = launch(module, 'spin', 1, [{ kind: 'bytes', value: new Float32Array(Uint32Array.of(40_000_000, 0).buffer) }]);
  const times = await Promise.all([long, spin, long].map((command, i) => device.run([command]).then((ms) => (order.push(i), ms))));
  clearInterval(timer);
  t.deepEqual(order, [0, 1, 2]);
  t.true((times[0] ?? 0) > 5 && (times[2] ?? 0) > 5 && (times[1] ?? 9) < 5, times.join(' '));
  t.true(ticks > 5);
  device.close();
});

test.serial('arguments that do not fit the kernel are refused where the driver tells its parameters', async (t) => {
  const { device, module } = await open();
  const error = await t.throwsAsync(device.run([launch(module, 'addScaled', 1, [pointer(null), i32(1)])]), { instanceOf: InfinitileError });
  t.regex(error.message, /INF7003 .*launch addScaled.*the kernel's parameters are of 8, 8, 4, 12, 4 bytes, the arguments of 8, 4/);
  device.close();
});

test.serial('what cannot be loaded or found is told', async (t) => {
  const { device, module } = await open();
  t.throws(() => device.loadModule(new Uint8Array(200)), { message: /INF7003 .*loading a module of 200 bytes.*CUDA_ERROR_/ });
  t.throws(() => device.loadModule('/tmp/x.cubin'), { message: /bytes of a cubin/ });
  t.throws(() => module.require('absent'), { message: "the module has no kernel 'absent'" });
  t.throws(() => new CudaDevice(99), { message: /INF7001 there is no CUDA device 99: there are 0 \(/ });
  device.close();
});

test.serial('memory is counted, runs out with figures, and comes back', async (t) => {
  const { device } = await open();
  const total = device.info.totalBytes;
  const half = device.allocate(Math.floor(total * 0.6));
  const error = t.throws(() => device.allocate(Math.floor(total * 0.6)), { instanceOf: InfinitileError });
  t.regex(error.message, /INF7002 .*bytes are free\): CUDA_ERROR_OUT_OF_MEMORY/);
  const pending = device.run([{ kind: 'fill', buffer: half, offset: 0, words: 2 ** 30, pattern: 7 }]);
  half.free();
  const again = device.allocate(Math.floor(total * 0.6));
  await pending;
  again.free();
  t.is(device.allocatedBytes, 0);
  t.is(device.peakBytes, Math.floor(total * 0.6));
  device.close();
});

test.serial('closing rejects what waits, and a second device works', async (t) => {
  const { device, module } = await open();
  const long = launch(module, 'spin', 1, [{ kind: 'bytes', value: new Float32Array(Uint32Array.of(200_000_000, 0).buffer) }]);
  const runs = [1, 2, 3].map(() => device.run([long, long]));
  device.close();
  const outcomes = await Promise.allSettled(runs);
  t.is(outcomes.filter(({ status }) => status === 'rejected').length, 3);
  await t.throwsAsync(device.run([]), { message: /the device is closed/ });
  const second = await open();
  t.true((await second.device.run([launch(second.module, 'spin', 1, [{ kind: 'bytes', value: new Float32Array(2) }])])) >= 0);
  second.device.close();
});

test.serial('a lost context is told, and the process survives it', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'infinitile-gpu-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const { device } = await open();
  const cubin = join(folder, 'kernels.cubin');
  writeFileSync(cubin, await compileFor(device));
  device.close();
  const script = join(folder, 'script.mjs');
  writeFileSync(
    script,
    `import { createRequire } from 'node:module';
     import { readFileSync } from 'node:fs';
     const device = createRequire(import.meta.url)(${JSON.stringify(packagePath('build', 'Release', 'infinitile.node'))}).createCudaDevice(0);
     const module = device.loadModule(readFileSync(${JSON.stringify(cubin)}));
     const buffer = device.allocate(64);
     const refusal = (promise) => promise.then(() => 'nothing', (error) => error.message);
     const wild = { kind: 'launch', module, name: 'wild', grid: 1, threads: 1, sharedBytes: 0, args: [{ kind: 'pointer', buffer: null, offset: 0 }] };
     const messages = [await refusal(device.run([wild])), await refusal(device.run([wild, wild])), await refusal(buffer.read(new Uint8Array(4), 0))];
     buffer.free();
     module.unload();
     device.close();
     console.log(JSON.stringify(messages));`,
  );
  const { stdout } = await promisify(execFile)(process.execPath, [script]);
  const messages = JSON.parse(stdout) as string[];
  t.regex(messages[0] ?? '', /^command 1 of 1 \(launch wild.*CUDA_ERROR_ILLEGAL_ADDRESS/);
  for (const message of messages) t.regex(message, /CUDA_ERROR_.*the device's context is lost/);
});
