import { execFile } from 'node:child_process';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test from 'ava';
import { InfinitileError } from '../../dsl/diagnostics/index.js';
import { loadAddon, type NativeArg, type NativeBuffer, type NativeCommand, type NativeDevice, type NativeModule } from '../../runtime/addon.js';
import { HostDevice } from '../../runtime/device/host.js';
import { compileKernels } from './device-kernels.js';

const kernels = compileKernels();
test.after.always(() => kernels.remove());

const addon = loadAddon();

function pointer(buffer: NativeBuffer | null, offset = 0): NativeArg {
  return { kind: 'pointer', buffer, offset };
}

function i32(value: number): NativeArg {
  return { kind: 'i32', value };
}

function launch(module: NativeModule, name: string, args: readonly NativeArg[]): NativeCommand {
  return { kind: 'launch', module, name, grid: 1, threads: 1, sharedBytes: 0, args };
}

function fill(buffer: NativeBuffer, offset: number, words: number, pattern: number): NativeCommand {
  return { kind: 'fill', buffer, offset, words, pattern };
}

function open(): { device: NativeDevice; module: NativeModule } {
  const device = addon.createHostDevice();
  return { device, module: device.loadModule(kernels.path) };
}

async function ints(buffer: NativeBuffer, count: number, offset = 0): Promise<number[]> {
  const target = new Int32Array(count);
  await buffer.read(target, offset);
  return [...target];
}

test('copies go to and from byte offsets, of any kind of view', async (t) => {
  const { device } = open();
  const buffer = device.allocate(64);
  t.is(buffer.bytes, 64);
  await buffer.write(new Int32Array(16).fill(-1), 0);
  await buffer.write(new Uint8Array([1, 2, 3]).subarray(1), 5);
  const view = new DataView(new ArrayBuffer(8), 2, 4);
  view.setInt32(0, 77, true);
  await buffer.write(view, 8);
  const bytes = new Uint8Array(8);
  await buffer.read(bytes, 4);
  t.deepEqual([...bytes], [255, 2, 3, 255, 77, 0, 0, 0]);
  await buffer.write(new Float32Array(0), 64);
  await t.throwsAsync(buffer.write(new Float64Array(1), 60), { message: 'write: 8 bytes at byte 60 of a buffer of 64' });
  await t.throwsAsync(buffer.read(new Uint8Array(1), 64), { message: 'read: 1 bytes at byte 64 of a buffer of 64' });
  await t.throwsAsync(buffer.read(new Uint8Array(1), -1), { message: /offset must be a whole number from 0/ });
  await t.throwsAsync(buffer.read(new Uint8Array(1), 0.5), { message: /offset must be a whole number/ });
  await t.throwsAsync(buffer.write([1] as unknown as ArrayBufferView, 0), { message: /typed array or a DataView/ });
  device.close();
});

test('arguments arrive as cuLaunchKernel would pass them', async (t) => {
  const { device, module } = open();
  const out = device.allocate(64);
  const milliseconds = await device.run([
    launch(module, 'kinds', [
      pointer(out, 4),
      pointer(null),
      i32(-2147483648),
      { kind: 'f32', value: 0.1 },
      { kind: 'bytes', value: Float32Array.of(0, 1.5, 2.5, 3.5).subarray(1) },
    ]),
  ]);
  t.true(milliseconds >= 0);
  const values = new Float32Array(6);
  await out.read(values, 4);
  t.deepEqual([...values], [1, -2147483648, Math.fround(0.1), 1.5, 2.5, 3.5]);
  device.close();
});

test('memory is aligned to 64 bytes, and large memory is whole', async (t) => {
  const device = addon.createHostDevice();
  const buffers = [1, 63, 65, 4096, 40 * 2 ** 20 + 4].map((bytes) => device.allocate(bytes));
  const large = buffers.at(-1);
  if (large === undefined) return t.fail();
  await device.run([fill(large, 0, large.bytes / 4, 0xff800000)]);
  const ends = new Float32Array(1);
  for (const offset of [0, large.bytes - 4]) {
    await large.read(ends, offset);
    t.is(ends[0], -Infinity);
  }
  device.close();
});

test('fill sets words of a range and nothing else', async (t) => {
  const { device } = open();
  const buffer = device.allocate(20);
  await device.run([fill(buffer, 0, 5, 0), fill(buffer, 4, 2, -1), fill(buffer, 12, 1, 0x7fffffff), fill(buffer, 20, 0, 1)]);
  t.deepEqual(await ints(buffer, 5), [0, -1, -1, 0x7fffffff, 0]);
  await t.throwsAsync(device.run([fill(buffer, 2, 1, 0)]), { message: 'command 1 (fill): offset 2 is not a multiple of 4' });
  await t.throwsAsync(device.run([fill(buffer, 8, 4, 0)]), { message: 'command 1 (fill): fill: 16 bytes at byte 8 of a buffer of 20' });
  device.close();
});

test('a hundred lists run in the order they were given, copies among them', async (t) => {
  const { device, module } = open();
  const log = device.allocate(4 * 256);
  const settled: number[] = [];
  const pending: Promise<unknown>[] = [device.run([fill(log, 0, 256, 0)])];
  for (let i = 0; i < 100; i += 1) {
    const commands = [launch(module, 'append', [pointer(log), i32(2 * i)]), launch(module, 'append', [pointer(log), i32(2 * i + 1)])];
    pending.push(device.run(commands).then(() => settled.push(i)));
  }
  const written = log.write(Int32Array.of(200, -7), 0);
  const seen = ints(log, 3);
  await Promise.all([...pending, written]);
  t.deepEqual(settled, [...Array(100).keys()]);
  t.deepEqual(await seen, [200, -7, 1]);
  t.deepEqual(await ints(log, 199, 8), [...Array(199).keys()].map((i) => i + 1));
  device.close();
});

test('a command that fails is named, and the device goes on', async (t) => {
  const { device, module } = open();
  const log = device.allocate(16);
  await t.throwsAsync(device.run([fill(log, 0, 4, 0), launch(module, 'fails', [])]), {
    message: 'command 2 of 2 (launch fails, grid 1, 1 threads, 0 bytes shared): it cannot be done',
  });
  await t.throwsAsync(device.run([launch(module, 'failsStrangely', [])]), { message: /launch failsStrangely.*: the function threw/ });
  await device.run([launch(module, 'append', [pointer(log), i32(9)])]);
  t.deepEqual(await ints(log, 2), [1, 9]);
  device.close();
});

test('a device takes buffers of another that has the same memory, until that is closed', async (t) => {
  const { device, module } = open();
  const other = open();
  t.true(device.reaches(other.device));
  const log = other.device.allocate(16);
  const append = [fill(log, 0, 4, 0), launch(module, 'append', [pointer(log), i32(5)])];
  await device.run(append);
  t.deepEqual(await ints(log, 2), [1, 5]);
  const kept = device.prepare(append);
  other.device.close();
  t.false(device.reaches(other.device));
  await kept.run(new Uint8Array(), new Uint8Array());
  await t.throwsAsync(device.run(append), { message: 'command 1 (fill): the device is closed' });
  device.close();
});

test('mistakes in commands are named by their place', async (t) => {
  const { device, module } = open();
  const other = open();
  const buffer = device.allocate(8);
  const refused = async (command: unknown, message: RegExp | string): Promise<void> => {
    await t.throwsAsync(device.run([fill(buffer, 0, 1, 0), command as NativeCommand]), { message });
  };
  await refused(launch(module, 'absent', []), `command 2 (launch absent): ${kernels.path} has no function 'absent'`);
  await refused(launch(module, 'append', [i32(1), pointer(buffer, 9)]), 'command 2 (launch append), argument 2: pointer: 0 bytes at byte 9 of a buffer of 8');
  await refused(launch(module, 'append', [i32(2 ** 31)]), /argument 1: value must be a whole number from -2147483648 to 2147483647, not 2147483648/);
  await refused(launch(other.module, 'append', []), /the module belongs to another device/);
  await refused(launch(module, 'append', [{ kind: 'pointer', buffer: module as unknown as NativeBuffer, offset: 0 }]), /argument 1: not a buffer of a device/);
  await refused(launch({} as NativeModule, 'append', []), /not a module of a device/);
  await refused(launch(module, 'append', [{ kind: 'f64', value: 1 } as unknown as NativeArg]), /unknown kind 'f64'/);
  await refused({ ...launch(module, 'append', []), grid: 0 }, /grid must be a whole number from 1 to 2147483647, not 0/);
  await refused({ kind: 'dance' }, "command 2: unknown kind 'dance'");
  await refused(null, 'command 2: a command must be an object');
  await t.throwsAsync(device.run('x' as unknown as NativeCommand[]), { message: 'commands must be an array' });
  t.throws(() => module.require('absent'), { message: /has no function 'absent'/ });
  t.notThrows(() => module.require('append'));
  device.close();
  other.device.close();
});

test('tensor maps are checked, and refused on the host', async (t) => {
  const { device, module } = open();
  const buffer = device.allocate(1 << 14);
  const map = { kind: 'tensorMap', buffer, offset: 0, rows: 100, cols: 72, planes: 1, pitch: 80, planePitch: 80, boxRows: 128, boxCols: 64 } as const;
  const refused = async (change: Partial<Record<keyof typeof map, unknown>>, message: string): Promise<void> => {
    await t.throwsAsync(device.run([launch(module, 'append', [i32(1), { ...map, ...change } as NativeArg])]), { message: `command 1 (launch append), argument 2: ${message}` });
  };
  await refused({}, "tensor maps are for a GPU's copy engine; a kernel on the host takes a pointer");
  await refused({ offset: 8 }, 'offset 8 is not a multiple of 16');
  await refused({ pitch: 84 }, 'pitch 84 is not a multiple of 8');
  await refused({ pitch: 64 }, 'pitch must be a whole number from 72 to 2147483647, not 64');
  await refused({ rows: 0 }, 'rows must be a whole number from 1 to 2147483647, not 0');
  await refused({ cols: 0.5 }, 'cols must be a whole number from 1 to 2147483647, not 0.5');
  await refused({ boxRows: 257 }, 'boxRows must be a whole number from 1 to 256, not 257');
  await refused({ boxCols: 16 }, 'boxCols must be 64 or half as many, the elements of a swizzled row, not 16');
  await refused({ offset: 416 }, 'tensor map: 15984 bytes at byte 416 of a buffer of 16384');
  await refused({ offset: 400 }, "tensor maps are for a GPU's copy engine; a kernel on the host takes a pointer");
  await refused({ rows: 2 ** 31 - 1, pitch: 2 ** 31 - 8 }, `tensor map: ${2n * ((2n ** 31n - 2n) * (2n ** 31n - 8n) + 72n)} bytes at byte 0 of a buffer of 16384`);
  await refused({ buffer: null }, 'not a buffer of a device');
  device.close();
});

test('a list reads what its commands have made, and takes the time', async (t) => {
  const { device, module } = open();
  const log = device.allocate(16);
  const outputs = new DataView(new ArrayBuffer(64), 8, 40);
  const milliseconds = await device.run(
    [
      fill(log, 0, 4, 0),
      { kind: 'read', buffer: log, offset: 0, bytes: 4, at: 0 },
      launch(module, 'append', [pointer(log), i32(7)]),
      { kind: 'clock', at: 32 },
      launch(module, 'waitMilliseconds', [i32(3)]),
      { kind: 'read', buffer: log, offset: 0, bytes: 8, at: 4 },
      { kind: 'read', buffer: log, offset: 16, bytes: 0, at: 0 },
    ],
    outputs,
  );
  t.deepEqual([0, 4, 8, 12].map((at) => outputs.getInt32(at, true)), [0, 1, 7, 0]);
  t.true(outputs.getFloat64(32, true) <= milliseconds - 3);
  const read = { kind: 'read', buffer: log, offset: 4, bytes: 8, at: 4 } as const;
  await t.throwsAsync(device.run([read]), { message: 'the list needs outputs of 12 bytes, not of 0' });
  await t.throwsAsync(device.run([{ kind: 'clock', at: 4 }], new Uint8Array(8)), { message: 'the list needs outputs of 12 bytes, not of 8' });
  await t.throwsAsync(device.run([{ ...read, offset: 12 }], outputs), { message: 'command 1 (read): read: 8 bytes at byte 12 of a buffer of 16' });
  await t.throwsAsync(device.run([{ ...read, at: -1 }], outputs), { message: /^command 1 \(read\): at must be a whole number/ });
  device.close();
});

test('a prepared list takes the inputs of each run', async (t) => {
  const { device, module } = open();
  const out = device.allocate(64);
  const input = (offset: number, bytes: number): NativeArg => ({ kind: 'input', offset, bytes });
  const list = device.prepare([
    launch(module, 'kinds', [pointer(out), pointer(null), input(0, 4), input(4, 4), input(8, 12)]),
    { kind: 'read', buffer: out, offset: 0, bytes: 24, at: 0 },
  ]);
  const inputs = Float32Array.of(0, 1.5, 2.5, 3.5, 4.5);
  const runs = [1, 2, 3].map(async (count) => {
    new Int32Array(inputs.buffer, 0, 1)[0] = count;
    inputs[4] = count / 2;
    const outputs = new Float32Array(6);
    await list.run(inputs, outputs);
    return [...outputs];
  });
  t.deepEqual(await Promise.all(runs), [1, 2, 3].map((count) => [1, count, 1.5, 2.5, 3.5, count / 2]));
  await t.throwsAsync(list.run(new Float32Array(4), new Float32Array(6)), { message: 'the list needs inputs of 20 bytes, not of 16' });
  await t.throwsAsync(list.run(inputs, new Float32Array(5)), { message: 'the list needs outputs of 24 bytes, not of 20' });
  t.throws(() => device.prepare([launch(module, 'kinds', [input(0, 0)])]), { message: /argument 1: bytes must be a whole number from 1 to 32764, not 0/ });
  await t.throwsAsync(device.run([launch(module, 'kinds', [input(0, 4)])]), { message: 'the list needs inputs of 4 bytes, not of 0' });
  device.close();
  await t.throwsAsync(list.run(inputs, new Float32Array(6)), { message: 'the device is closed' });
});

test('a prepared list keeps its memory until it is released, and no longer', async (t) => {
  const { device } = open();
  const buffer = device.allocate(1024);
  const list = device.prepare([fill(buffer, 0, 256, 7), { kind: 'read', buffer, offset: 1020, bytes: 4, at: 0 }]);
  buffer.free();
  t.is(device.allocatedBytes, 1024);
  const outputs = new Int32Array(1);
  const running = list.run(new Uint8Array(0), outputs);
  list.release();
  list.release();
  await running;
  t.is(outputs[0], 7);
  await device.run([]);
  t.is(device.allocatedBytes, 0);
  await t.throwsAsync(list.run(new Uint8Array(0), outputs), { message: 'the list has been released' });
  const kept = device.allocate(512);
  t.notThrows(() => device.prepare([fill(kept, 0, 1, 0)]));
  device.close();
  for (let turn = 0; turn < 1000 && device.allocatedBytes > 0; turn += 1) await new Promise((resolve) => setTimeout(resolve, 1));
  t.is(device.allocatedBytes, 0, 'closing releases lists');
});

test('a profile has the time of each command, and the same failures as a run', async (t) => {
  const { device, module } = open();
  const large = device.allocate(2 ** 26);
  const log = device.allocate(16);
  const times = await device.profile([fill(large, 0, 2 ** 24, 1), fill(log, 0, 4, 0), launch(module, 'append', [pointer(log), i32(3)])]);
  t.deepEqual(await ints(log, 2), [1, 3]);
  t.true(times instanceof Float64Array);
  t.is(times.length, 3);
  t.true(times.every((milliseconds) => milliseconds >= 0));
  t.true((times[0] ?? 0) > (times[1] ?? 0), 'setting 64 MiB takes longer than setting 16 bytes');
  t.deepEqual(await device.profile([]), new Float64Array(0));
  const read = { kind: 'read', buffer: log, offset: 0, bytes: 8, at: 8 } as const;
  const outputs = new DataView(new ArrayBuffer(16));
  t.is((await device.profile([launch(module, 'waitMilliseconds', [i32(3)]), { kind: 'clock', at: 0 }, read], outputs)).length, 3);
  t.true(outputs.getFloat64(0, true) >= 3, 'a clock counts from the start of the list');
  t.deepEqual([8, 12].map((at) => outputs.getInt32(at, true)), [1, 3]);
  await t.throwsAsync(device.profile([read]), { message: 'the list needs outputs of 16 bytes, not of 0' });
  await t.throwsAsync(device.profile([fill(log, 0, 4, 0), launch(module, 'fails', [])]), {
    message: 'command 2 of 2 (launch fails, grid 1, 1 threads, 0 bytes shared): it cannot be done',
  });
  await t.throwsAsync(device.profile('x' as unknown as NativeCommand[]), { message: 'commands must be an array' });
  device.close();
});

test('an empty list resolves in its turn', async (t) => {
  const device = addon.createHostDevice();
  t.true((await device.run([])) >= 0);
  device.close();
});

/** A list that waits in the middle until it is let go, however busy the machine is. */
function gated(which: number, { module }: { readonly module: NativeModule }): { readonly wait: NativeCommand; reached(): Promise<unknown>; open(): Promise<unknown> } {
  const helper = open();
  const call = (name: string): Promise<unknown> => helper.device.run([launch(helper.module, name, [i32(which)])]);
  return { wait: launch(module, 'gate', [i32(which)]), reached: () => call('awaitGate'), open: () => call('openGate').finally(() => helper.device.close()) };
}

test('memory that is freed while work needs it goes when the work is done', async (t) => {
  const { device, module } = open();
  const gate = gated(0, { module });
  const log = device.allocate(1024);
  const kept = device.allocate(1024);
  const running = device.run([fill(log, 0, 256, 0), gate.wait, launch(module, 'append', [pointer(log), i32(5)])]);
  const copied = Int32Array.of(0, 0);
  const copy = log.read(copied, 0);
  log.free();
  log.free();
  t.is(device.allocatedBytes, 2048);
  await t.throwsAsync(device.run([fill(log, 0, 1, 0)]), { message: 'command 1 (fill): the buffer has been freed' });
  await t.throwsAsync(log.read(copied, 0), { message: 'the buffer has been freed' });
  await gate.open();
  await Promise.all([running, copy]);
  t.deepEqual([...copied], [1, 5]);
  await device.run([]);
  t.is(device.allocatedBytes, 1024);
  kept.free();
  t.is(device.allocatedBytes, 0);
  t.is(device.peakBytes, 2048);
  device.resetPeak();
  t.is(device.peakBytes, 0);
  device.close();
});

test('a part of a buffer shares its memory, which goes with the last of them', async (t) => {
  const { device, module } = open();
  const whole = device.allocate(64);
  await device.run([fill(whole, 0, 16, 9)]);
  const part = whole.part(16, 24);
  const inner = part.part(8, 8);
  t.deepEqual([part.bytes, inner.bytes, device.allocatedBytes], [24, 8, 64]);
  await device.run([fill(part, 0, 6, 0), launch(module, 'append', [pointer(part), i32(5)]), fill(inner, 4, 1, 7)]);
  const values = new Int32Array(16);
  await whole.read(values, 0);
  t.deepEqual([...values], [9, 9, 9, 9, 1, 5, 0, 7, 0, 0, 9, 9, 9, 9, 9, 9]);
  await t.throwsAsync(part.read(new Int32Array(7), 0), { message: 'read: 28 bytes at byte 0 of a buffer of 24' });
  t.throws(() => whole.part(48, 17), { message: 'part: 17 bytes at byte 48 of a buffer of 64' });
  whole.free();
  part.free();
  t.throws(() => part.part(0, 4), { message: 'the buffer has been freed' });
  t.is(device.allocatedBytes, 64);
  await inner.read(values.subarray(0, 1), 4);
  t.is(values[0], 7);
  inner.free();
  t.is(device.allocatedBytes, 0);
  device.close();
});

test('code that is unloaded while work needs it goes when the work is done', async (t) => {
  const { device, module } = open();
  const gate = gated(1, { module });
  const log = device.allocate(1024);
  const running = device.run([fill(log, 0, 256, 0), gate.wait, launch(module, 'append', [pointer(log), i32(5)])]);
  module.unload();
  module.unload();
  t.throws(() => module.require('append'), { message: 'the module has been unloaded' });
  await t.throwsAsync(device.run([launch(module, 'append', [])]), { message: /the module has been unloaded/ });
  await gate.open();
  await running;
  t.deepEqual(await ints(log, 2), [1, 5]);
  device.close();
});

test('a closed device refuses, and what waited is rejected', async (t) => {
  const { device, module } = open();
  const gate = gated(2, { module });
  const log = device.allocate(1024);
  const begun = device.run([fill(log, 0, 256, 0), gate.wait, launch(module, 'append', [pointer(log), i32(5)])]);
  const waiting = device.run([fill(log, 0, 1, 0)]);
  const copy = log.read(new Uint8Array(4), 0);
  await gate.reached();
  device.close();
  device.close();
  t.is(device.allocatedBytes, 1024);
  await gate.open();
  await t.throwsAsync(begun, { message: /the device was closed before command 3 of 3 \(launch append/ });
  await t.throwsAsync(waiting, { message: 'the device was closed before this began' });
  await t.throwsAsync(copy, { message: 'the device was closed before this began' });
  await t.throwsAsync(device.run([]), { message: 'the device is closed' });
  await t.throwsAsync(log.write(new Uint8Array(1), 0), { message: 'the device is closed' });
  t.throws(() => device.allocate(4), { message: 'the device is closed' });
  t.throws(() => device.loadModule(kernels.path), { message: 'the device is closed' });
  t.throws(() => module.require('append'), { message: 'the device is closed' });
  log.free();
  module.unload();
  for (let turn = 0; turn < 1000 && device.allocatedBytes > 0; turn += 1) await new Promise((resolve) => setTimeout(resolve, 1));
  t.is(device.allocatedBytes, 0);
});

test('devices work side by side', async (t) => {
  const devices = [open(), open(), open()];
  const met = devices.map(({ device, module }) => device.run([launch(module, 'meet', [i32(devices.length)])]));
  await t.notThrowsAsync(Promise.all(met));
  for (const { device } of devices) device.close();
});

test('an OpenMP team outlives the module that brought the runtime', async (t) => {
  for (let round = 0; round < 3; round += 1) {
    const copy = join(kernels.directory, `team-${round}.so`);
    copyFileSync(kernels.path, copy);
    const device = addon.createHostDevice();
    const module = device.loadModule(copy);
    const out = device.allocate(8);
    await device.run([launch(module, 'team', [pointer(out)])]);
    t.deepEqual(await ints(out, 2), [3, 499500]);
    module.unload();
    await new Promise((resolve) => setTimeout(resolve, 20));
    device.close();
  }
});

test('a damaged shared object is refused, wherever it is cut', (t) => {
  const whole = readFileSync(kernels.path);
  const device = addon.createHostDevice();
  for (const length of [0, 10, 63, 64, 200, whole.length >> 2, whole.length >> 1, whole.length - 4096, whole.length - 1]) {
    const path = join(kernels.directory, `cut-${length}.so`);
    writeFileSync(path, whole.subarray(0, length));
    t.throws(() => device.loadModule(path), { message: new RegExp(`cut-${length}.so: file (is truncated|too short)`) });
  }
  const text = join(kernels.directory, 'text.so');
  writeFileSync(text, 'not a library\n'.repeat(100));
  t.throws(() => device.loadModule(text), { message: /text\.so: invalid ELF header/ });
  t.throws(() => device.loadModule(join(kernels.directory, 'absent.so')), { message: /absent\.so: cannot open shared object file/ });
  t.throws(() => device.loadModule('kernels.so'), { message: /is not a path/ });
  t.throws(() => device.loadModule(new Uint8Array(4)), { message: /path of a shared object/ });
  device.close();
});

test('classes cannot be made by hand', (t) => {
  const { device, module } = open();
  const buffer = device.allocate(4);
  for (const object of [device, module, buffer, device.prepare([])]) {
    const { constructor } = object as unknown as { constructor: new (value?: unknown) => unknown };
    t.throws(() => new constructor(), { message: /come from/ });
    t.throws(() => new constructor({}), { message: /come from/ });
  }
  t.throws((): unknown => Reflect.apply(Reflect.get(device, 'allocate') as () => unknown, buffer, [4]) as unknown);
  device.close();
});

test('errors of a device are diagnostics', async (t) => {
  const device = new HostDevice();
  t.is(device.kind, 'cpu');
  const code = (error: unknown): string | undefined => (error instanceof InfinitileError ? error.diagnostics[0]?.code : undefined);
  const buffer = device.allocate(100);
  t.is(code(t.throws(() => device.allocate(2 ** 50))), 'INF7002');
  t.is(code(t.throws(() => device.loadModule('/absent.so'))), 'INF7003');
  t.is(code(await t.throwsAsync(device.run([fill(buffer, 96, 2, 0)]))), 'INF7003');
  t.is(device.allocatedBytes, 100);
  t.is(device.peakBytes, 100);
  device.close();
});

/** Runs a script in a process of its own, with `device`, `module` and `kernels` at hand. */
async function inProcess(script: string, flags: readonly string[] = []): Promise<string> {
  const file = join(kernels.directory, `script-${Math.random().toString(36).slice(2)}.mjs`);
  const path = new URL('../../build/Release/infinitile.node', import.meta.url).pathname;
  writeFileSync(
    file,
    `import { createRequire } from 'node:module';
     const addon = createRequire(import.meta.url)(${JSON.stringify(path)});
     const wait = (ms) => ({ kind: 'launch', module, name: 'waitMilliseconds', grid: 1, threads: 1, sharedBytes: 0, args: [{ kind: 'i32', value: ms }] });
     let device = addon.createHostDevice();
     let module = device.loadModule(${JSON.stringify(kernels.path)});
     ${script}`,
  );
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, file], { timeout: 30_000 });
  return stdout.trim();
}

test('a process ends with a device open', async (t) => {
  t.is(await inProcess(`const buffer = device.allocate(100); console.log('end')`), 'end');
});

test('a process waits for what is pending, and for no more', async (t) => {
  t.is(await inProcess(`device.allocate(4); device.run([wait(100)]).then((ms) => console.log(ms >= 99))`), 'true');
});

test('a process may exit in the middle of a list', async (t) => {
  t.is(await inProcess(`device.run([wait(50), wait(5000)]); device.run([wait(5000)]); setTimeout(() => { console.log('out'); process.exit(0) }, 20)`), 'out');
});

test('a worker thread may end in the middle of a list', async (t) => {
  const script = `
    import { Worker, isMainThread } from 'node:worker_threads';
    import { fileURLToPath } from 'node:url';
    device.run([wait(30), wait(30), wait(30)]);
    if (isMainThread) {
      const worker = new Worker(fileURLToPath(import.meta.url));
      await new Promise((resolve) => setTimeout(resolve, 40));
      await worker.terminate();
      await device.run([wait(1)]);
      console.log('main goes on');
    }`;
  t.is(await inProcess(script), 'main goes on');
});

test('what is forgotten is collected', async (t) => {
  const script = `
    for (let i = 0; i < 50; i += 1) device.allocate(1 << 20).write(new Uint8Array(1 << 10), 0);
    for (let i = 0; i < 10; i += 1) addon.createHostDevice().allocate(1 << 20);
    const pending = device.allocate(64).write(new Uint8Array(64), 0);
    await device.run([]);
    for (let i = 0; i < 20 && device.allocatedBytes > 0; i += 1) { gc(); await new Promise(setImmediate); }
    await pending;
    console.log(device.allocatedBytes, device.peakBytes >= 50 << 20);
    const run = device.run([wait(50)]);
    device = undefined; module = undefined;
    for (let i = 0; i < 5; i += 1) { gc(); await new Promise(setImmediate); }
    console.log(await run >= 49);`;
  t.is(await inProcess(script, ['--expose-gc']), '0 true\ntrue');
});
