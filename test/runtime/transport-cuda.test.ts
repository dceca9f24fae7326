import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import test from 'ava';
import { packagePath } from '../../codegen/emit/package-path.js';
import { buildLibrary, scriptFolder } from './support/fake-libraries.js';

/** Devices of one process that share a GPU as ranks, over a driver and an NCCL that need none; over real ones: test/gpu. */
const { folder, run } = scriptFolder(test, `
  const send = (peer, buffer) => ({ direction: 'send', peer, buffer, offset: 0, bytes: 20 });
  const receive = (peer, buffer) => ({ direction: 'receive', peer, buffer, offset: 0, bytes: 20 });
  const exchange = (transport, step, ...messages) => ({ kind: 'exchange', transport, step, messages });
  const join = (transport) => ({ kind: 'join', transport });
  const slow = (module) => launch(module, 'slow', [{ kind: 'i32', value: 60 }]);
  const told = async (work) => { try { await work; return 'nothing'; } catch (error) { return (error.code ?? 'no code') + ': ' + error.message; } };
  const openDevices = (count) => Array.from({ length: count }, () => addon.createCudaDevice(0));
  const local = (devices, patience = 20000) => addon.createLocalTransports(devices.length, patience);
  const foreign = (devices, patience = 20000) => {
    const { create } = createRequire(import.meta.url)(process.env.FOREIGN_ADDON);
    return create(devices.length, patience).map((transport) => addon.adoptTransport(transport));
  };
  const nccl = (devices, patience = 20000, ranks = devices.length) => {
    addon.openNccl(null);
    const id = addon.createNcclId();
    return Promise.all(devices.map((device, rank) => addon.createNcclTransport({ id, rank, ranks, device, patience })));
  };
`);
const onLinux = process.platform === 'linux' ? test : test.skip;
const foreignAddon = join(folder, 'foreign.node');

test.before(() => {
  if (process.platform !== 'linux') return;
  buildLibrary(join(folder, 'libcuda.so.1'), 'device-fake-driver.cpp');
  buildLibrary(join(folder, 'libnccl.so.2'), 'fake-nccl.cpp', `-L${folder}`, '-l:libcuda.so.1');
  const require = createRequire(import.meta.url);
  const headers = [dirname(require.resolve('node-addon-api/package.json')), join(dirname(require.resolve('node-api-headers/package.json')), 'include')];
  const addon = packagePath('runtime', 'addon');
  const sources = ['local_end.cpp', 'local_transport.cpp'].map((file) => join(addon, file));
  const defines = ['-DNAPI_VERSION=8', '-DNODE_ADDON_API_CPP_EXCEPTIONS_ALL', '-fvisibility=hidden'];
  buildLibrary(foreignAddon, 'foreign-transport.cpp', ...defines, `-I${addon}`, ...headers.map((path) => `-isystem${path}`), ...sources);
});

/** What a script prints but for what the driver tells of its waits. */
async function outputOf(script: string, env: Readonly<Record<string, string>> = {}): Promise<unknown[]> {
  const output = await run(script, { FOREIGN_ADDON: foreignAddon, ...env });
  return output.filter((line) => line !== 'slept');
}

const kinds = ['local', 'nccl', 'foreign'] as const;

for (const kind of kinds) {
  onLinux(`${kind}: messages wait for what is computed before them, what comes after the join waits for them, and the rest goes on`, async (t) => {
    const [values, sent, end] = await outputOf(`
      const devices = openDevices(3);
      const transports = await ${kind}(devices);
      const ends = await Promise.all(devices.map(async (device, rank) => {
        const module = device.loadModule(cubin);
        const [a, b, own] = [20, 20, 20].map((bytes) => device.allocate(bytes));
        await a.write(Float32Array.of(rank, rank), 0);
        await own.write(Float32Array.of(0, 0), 0);
        const transport = transports[rank];
        const lists = [0, 1, 2].map((step) => {
          const [from, to] = step % 2 === 0 ? [a, b] : [b, a];
          const messages = [send((rank + 1) % 3, from), receive((rank + 2) % 3, to)];
          // The join comes in a list of its own.
          return Promise.all([
            device.run([slow(module), add(module, from, 1, 2), exchange(transport, 'step ' + step, ...messages), slow(module), add(module, own, 1, 2)]),
            device.run([add(module, own, 1, 2), join(transport), slow(module), add(module, to, 10, 2)]),
          ]);
        });
        await Promise.all(lists);
        return [...await floats(b, 2), ...await floats(own, 2)];
      }));
      print(ends);
      print(transports.map((transport) => [...transport.sentBytes]));
      for (const device of devices) device.close();`);
    t.deepEqual(values, [0, 1, 2].map((rank) => [rank + 33, rank + 33, 6, 6]));
    t.deepEqual(sent, [[0, 60, 0], [0, 0, 60], [60, 0, 0]]);
    t.is(end, 'context released, 0 bytes in use');
  });

  onLinux(`${kind}: a profile exchanges too`, async (t) => {
    const output = await outputOf(`
      const devices = openDevices(2);
      const transports = await ${kind}(devices);
      print(await Promise.all(devices.map(async (device, rank) => {
        const buffer = device.allocate(20);
        const times = await device.profile([exchange(transports[rank], 'step 1', rank === 0 ? send(1, buffer) : receive(0, buffer)), join(transports[rank])]);
        return times.length;
      })));
      for (const device of devices) device.close();`);
    t.deepEqual(output, [[2, 2], 'context released, 0 bytes in use']);
  });

  onLinux(`${kind}: a rank that is silent for too long is named with the step`, async (t) => {
    const output = await outputOf(`
      const devices = openDevices(2);
      const transports = await ${kind}(devices, 50);
      const buffer = devices[0].allocate(20);
      print(await told(devices[0].run([exchange(transports[0], 'step 1', receive(1, buffer)), join(transports[0])])));
      print(await told(devices[0].run([exchange(transports[0], 'step 2')])));
      for (const device of devices) device.close();`);
    const reason = kind === 'nccl' ? 'messages with rank 1 have not passed within 50 ms' : 'rank 1 has not sent 20 bytes for 50 ms';
    t.deepEqual(output, [`TRANSPORT: rank 0, step 1: ${reason}`, `TRANSPORT: rank 0, step 2: rank 0, step 1: ${reason}`, 'context released, 0 bytes in use']);
  });

  onLinux(`${kind}: an abort ends a wait`, async (t) => {
    const output = await outputOf(`
      const devices = openDevices(2);
      const transports = await ${kind}(devices);
      const buffer = devices[0].allocate(20);
      const waiting = told(devices[0].run([exchange(transports[0], 'step 1', receive(1, buffer)), join(transports[0])]));
      setTimeout(() => transports[0].abort('rank 1 has failed'), 100);
      print(await waiting);
      for (const device of devices) device.close();`);
    t.regex(String(output[0]), /^TRANSPORT: rank 0, step 1: (waiting for rank 1: )?rank 1 has failed$/);
    t.is(output[1], 'context released, 0 bytes in use');
  });

  onLinux(`${kind}: devices end with messages on their way, waited for and not`, async (t) => {
    const output = await outputOf(`
      const devices = openDevices(2);
      const transports = await ${kind}(devices);
      const buffers = devices.map((device) => device.allocate(20));
      const waiting = told(devices[0].run([exchange(transports[0], 'step 1', receive(1, buffers[0])), join(transports[0])]));
      await devices[1].run([exchange(transports[1], 'step 1', receive(0, buffers[1]))]);
      await new Promise((resolve) => setTimeout(resolve, 200));
      for (const device of devices) device.close();
      print(await waiting);`);
    const [end, told] = output.map(String).sort();
    t.is(end, 'context released, 0 bytes in use');
    t.regex(String(told), /^no code: the device was closed while rank 0 /);
  });
}

onLinux('local: a message that nobody has taken is taken back; one that has a wrong length is told by both', async (t) => {
  const output = await outputOf(`
    const devices = openDevices(2);
    const transports = local(devices);
    const buffers = devices.map((device) => device.allocate(20));
    print(await Promise.all([
      told(devices[0].run([exchange(transports[0], 'step 1', { ...send(1, buffers[0]), bytes: 16 }), join(transports[0])])),
      told(devices[1].run([exchange(transports[1], 'step 2', receive(0, buffers[1])), join(transports[1])])),
    ]));
    const [a, b] = local(openDevices(2));
    const other = addon.createCudaDevice(0);
    await other.run([exchange(a, 'step 1', send(1, other.allocate(20)))]);
    other.close();
    print(await told(devices[0].run([exchange(b, 'step 1', receive(0, buffers[0])), join(b)])));
    for (const device of devices) device.close();
    process.exit();`);
  const [both, later] = output as [string[], string];
  t.is(both[1], 'TRANSPORT: rank 1 expects 20 bytes of rank 0 (step 2), which sends 16 bytes (step 1)');
  t.is(later, 'TRANSPORT: rank 1, step 1: rank 0 was closed with messages on their way');
});

onLinux('local: a GPU and the host are no group', async (t) => {
  const [told] = await outputOf(`
    const devices = [addon.createCudaDevice(0), addon.createHostDevice()];
    const transports = local(devices);
    print(await Promise.all(devices.map((device, rank) =>
      told(device.run([exchange(transports[rank], 'step 1', rank === 0 ? send(1, device.allocate(20)) : receive(0, device.allocate(20))), join(transports[rank])])))));
    process.exit();`);
  t.is((told as string[])[1], 'TRANSPORT: rank 1, step 1: a message of rank 0 cannot be taken: ranks of one process are either all on GPUs or all on the CPU');
});

onLinux('nccl: the library is told, and what is wrong with a request', async (t) => {
  const output = await outputOf(`
    const device = addon.createCudaDevice(0);
    const request = { id: new Uint8Array(128), rank: 0, ranks: 2, device, patience: 50 };
    print(await refusal(() => addon.createNcclId()));
    print(await refusal(() => addon.openNccl('/absent/libnccl.so')));
    print(addon.openNccl(null));
    for (const change of [{ id: new Uint8Array(3) }, { rank: 2 }, { device: addon.createHostDevice() }, { device: {} }])
      print(await refusal(() => addon.createNcclTransport({ ...request, ...change })));
    print(await told(addon.createNcclTransport(request)));
    const closing = told(addon.createNcclTransport({ ...request, id: addon.createNcclId(), patience: 20000 }));
    setTimeout(() => device.close(), 100);
    print(await closing);`);
  t.is(output[0], 'NCCL is not open: call openNccl first');
  t.regex(String(output[1]), /^cannot open NCCL:\n {2}\/absent\/libnccl\.so: cannot open shared object file/);
  t.deepEqual(output.slice(2, 7), [
    { path: join(folder, 'libnccl.so.2'), version: '2.30.4' },
    'id must have 128 bytes, not 3',
    'rank must be a whole number from 0 to 1, not 2',
    'NCCL sends between GPUs: the device is none',
    'not a device',
  ]);
  t.is(output[7], 'TRANSPORT: rank 0, joining the group: not every rank has joined within 50 ms');
  t.true(output.includes('no code: the device was closed while rank 0 had messages on their way (joining the group)'));
});

onLinux('nccl: its errors are told in its own words', async (t) => {
  const script = `
    const devices = openDevices(2);
    const outcomes = await told((async () => {
      const transports = await nccl(devices);
      await Promise.all(devices.map((device, rank) => device.run([
        exchange(transports[rank], 'step 1', rank === 0 ? send(1, device.allocate(20)) : receive(0, device.allocate(20))),
        slow(device.loadModule(cubin)),
        join(transports[rank]),
      ])));
    })());
    print(outcomes);
    process.exit();`;
  const messageWith = async (fails: string) => String((await outputOf(script, { FAKE_NCCL_FAILS: fails }))[0]);
  t.regex(await messageWith('init'), /^TRANSPORT: rank [01], joining the group: unhandled system error \(told in words\)$/);
  t.is(await messageWith('send'), 'TRANSPORT: rank 0, step 1: invalid argument (told in words)');
  t.regex(await messageWith('later'), /^TRANSPORT: rank [01], step 1: messages with rank [01]: remote process exited \(told in words\)$/);
});
