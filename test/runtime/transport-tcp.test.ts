import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import test from 'ava';
import { packagePath } from '../../codegen/emit/package-path.js';
import { encodeFrame } from '../../runtime/transport/frames.js';
import { connectTcp } from '../../runtime/transport/tcp.js';
import { freePort, outcomes, range, tcpOptions } from './support/groups.js';

test('ranks of two nodes know their place', async (t) => {
  const port = await freePort();
  const group = await Promise.all(range(4).map((rank) => connectTcp(tcpOptions(rank, 4, port, { place: { rank, ranks: 4, localRank: rank % 2, localRanks: 2 } }))));
  t.deepEqual(group.map(({ nodes, localRank, localRanks }) => [nodes, localRank, localRanks]), [[2, 0, 2], [2, 1, 2], [2, 0, 2], [2, 1, 2]]);
  t.is(group[0]?.description, `4 ranks on 2 nodes, TCP at 127.0.0.1:${port}`);
  await Promise.all(group.map((member) => member.close()));
});

test('a rank may come before rank 0, and rank 0 listens until all are there', async (t) => {
  const port = await freePort();
  const early = connectTcp(tcpOptions(1, 2, port));
  await new Promise((resolve) => setTimeout(resolve, 300));
  const group = await Promise.all([connectTcp(tcpOptions(0, 2, port)), early]);
  t.regex(await attempt(port), /ECONNREFUSED/);
  await Promise.all(group.map((member) => member.close()));
});

test('ranks that do not come are named, to those who have', async (t) => {
  const port = await freePort();
  const message = `INF7103 rank 0 has waited 0.5 s at 127.0.0.1:${port} for ranks 2 and 3`;
  t.deepEqual(await outcomes([connectTcp(tcpOptions(0, 4, port, { patience: 500 })), connectTcp(tcpOptions(1, 4, port))]), [message, message]);
});

test('a rank looks for rank 0 no longer than the time limit', async (t) => {
  const port = await freePort();
  const [message] = await outcomes([connectTcp(tcpOptions(1, 2, port, { patience: 300 }))]);
  t.regex(message ?? '', new RegExp(`^INF7103 rank 1 has looked for rank 0 at 127\\.0\\.0\\.1:${port} for 0\\.3 s: .*ECONNREFUSED`));
});

test('a port that is taken is told', async (t) => {
  const server = createServer();
  const port = await freePort();
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const [message] = await outcomes([connectTcp(tcpOptions(0, 2, port))]);
  server.close();
  t.regex(message ?? '', /^INF7103 rank 0 cannot listen at .*EADDRINUSE/);
});

test('who answers in another way is no rank 0', async (t) => {
  const server = createServer((socket) => socket.end(encodeFrame({ kind: 'gathered', sizes: [] })));
  const port = await freePort();
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const [message] = await outcomes([connectTcp(tcpOptions(1, 2, port, { patience: 300 }))]);
  server.close();
  t.regex(message ?? '', /^INF7103 .*: who answers there is no rank 0$/);
});

for (const [what, other, message] of [
  ['version', { version: '0.0.1' }, /^INF7102 version: rank 0 has \d+\.\d+\.\d+, rank 1 has 0\.0\.1$/],
  ['number of ranks', { place: { rank: 1, ranks: 3, localRank: 0, localRanks: 1 } }, /^INF7102 number of ranks: rank 0 has 2, rank 1 has 3$/],
  ['rank twice', { place: { rank: 2, ranks: 2, localRank: 0, localRanks: 1 } }, /^INF7102 rank: two processes are rank 2$/],
] as const) {
  test(`ranks that disagree, told to both: ${what}`, async (t) => {
    const port = await freePort();
    for (const told of await outcomes([connectTcp(tcpOptions(0, 2, port)), connectTcp(tcpOptions(1, 2, port, other))])) t.regex(told, message);
  });
}

test('a later protocol is told by its version', async (t) => {
  const port = await freePort();
  const group = outcomes([connectTcp(tcpOptions(0, 2, port, { version: '1.0.0' }))]);
  const socket = await dial(port);
  socket.write(encodeFrame({ kind: 'hello', protocol: 99, version: '9.0.0', somethingNew: true }));
  t.deepEqual(await group, ['INF7102 version: rank 0 has 1.0.0, another rank has 9.0.0']);
  socket.destroy();
});

for (const [what, bytes] of [
  ['HTTP', Buffer.from('GET / HTTP/1.1\r\nHost: node1\r\n\r\n')],
  ['a frame that is no greeting', encodeFrame({ kind: 'give', what: 'x' })],
  ['half a frame', encodeFrame({ kind: 'hello' }).subarray(0, 10)],
] as const) {
  test(`strangers are sent away with a warning, and the group meets: ${what}`, async (t) => {
    const port = await freePort();
    const warnings: string[] = [];
    const first = connectTcp(tcpOptions(0, 2, port, { onWarning: (warning) => warnings.push(warning) }));
    const socket = await dial(port);
    socket.end(bytes);
    const ended = new Promise((resolve) => socket.once('close', resolve));
    await ended;
    const group = await Promise.all([first, connectTcp(tcpOptions(1, 2, port))]);
    t.is(warnings.length, 1);
    t.regex(warnings[0] ?? '', /^127\.0\.0\.1:\d+ connected to 127\.0\.0\.1:\d+, where the ranks of a group meet, and is none of them$/);
    await Promise.all(group.map((member) => member.close()));
  });
}

test('a silent stranger is sent away once all are there', async (t) => {
  const port = await freePort();
  const first = connectTcp(tcpOptions(0, 2, port));
  const socket = await dial(port);
  const ended = new Promise((resolve) => socket.once('close', resolve));
  const group = await Promise.all([first, connectTcp(tcpOptions(1, 2, port))]);
  socket.resume();
  await ended;
  await Promise.all(group.map((member) => member.close()));
  t.pass();
});

test('a rank of another job is sent away, and the group meets', async (t) => {
  const port = await freePort();
  const warnings: string[] = [];
  const first = connectTcp(tcpOptions(0, 2, port, { onWarning: (warning) => warnings.push(warning) }));
  const foreign = { kind: 'address', host: '127.0.0.1', port, job: 'another' } as const;
  t.regex((await outcomes([connectTcp(tcpOptions(1, 2, port, { rendezvous: foreign }))])).join(), /^INF7103 the ranks that meet at .* are another group's$/);
  const group = await Promise.all([first, connectTcp(tcpOptions(1, 2, port))]);
  t.is(warnings.length, 1);
  await Promise.all(group.map((member) => member.close()));
});

test('ranks meet by a file, which an earlier group has left there', async (t) => {
  const folder = await mkdtemp(path.join(tmpdir(), 'infinitile-'));
  const file = path.join(folder, 'meeting');
  await writeFile(file, JSON.stringify({ hosts: ['127.0.0.1'], port: await freePort(), job: 'earlier' }));
  const rendezvous = { kind: 'file', path: file } as const;
  const late = connectTcp(tcpOptions(1, 2, 0, { rendezvous }));
  await new Promise((resolve) => setTimeout(resolve, 300));
  const group = await Promise.all([connectTcp(tcpOptions(0, 2, 0, { rendezvous })), late]);
  t.deepEqual(await readdir(folder), []);
  await Promise.all(group.map((member) => member.close()));
  await rm(folder, { recursive: true });
});

test('a folder that is not there is no meeting place', async (t) => {
  const rendezvous = { kind: 'file', path: '/absent/meeting' } as const;
  t.regex((await outcomes([connectTcp(tcpOptions(0, 2, 0, { rendezvous }))])).join(), /^INF7103 rank 0 cannot tell its address in \/absent\/meeting: .*ENOENT/);
});

const program = `
import { connectTcp } from ${JSON.stringify(pathToFileURL(packagePath('runtime', 'transport', 'tcp.ts')).href)};
const [rank, ranks, port, deeds] = process.argv.slice(-4);
const deed = deeds.split(',')[rank];
const rendezvous = { kind: 'address', host: '127.0.0.1', port: Number(port), job: '' };
const group = await connectTcp({ place: { rank: Number(rank), ranks: Number(ranks), localRank: Number(rank), localRanks: Number(ranks) }, rendezvous, patience: deeds.includes('stop') ? 5000 : 20_000 });
try {
  await group.gather(Buffer.from(rank), 'ranks');
  if (deed === 'kill') process.kill(process.pid, 'SIGKILL');
  if (deed === 'exit') process.exit(3);
  if (deed === 'stop') process.kill(process.pid, 'SIGSTOP');
  if (deed === 'abort') { group.abort(new Error('a wrong turn')); process.exit(4); }
  console.log((await group.gather(Buffer.from(rank), 'deeds')).map((bytes) => Buffer.from(bytes).toString()).join());
  await group.close();
} catch (error) {
  console.log(error.message.split('\\n')[0]);
}
`;

for (const ranks of [2, 4]) {
  test.serial(`${ranks} processes gather, leave and end`, async (t) => {
    t.deepEqual(await processes(ranks, {}), range(ranks).map(() => ({ code: 0, output: `${range(ranks).join()}\n` })));
  });
}

for (const failing of [0, 2]) {
  for (const [deed, how] of [
    ['kill', 'is gone: '],
    ['exit', 'is gone: '],
    ['abort', 'has failed: a wrong turn'],
  ] as const) {
    test.serial(`rank ${failing} of three processes is lost: ${deed}`, async (t) => {
      const ended = await processes(3, { [failing]: deed });
      for (const { output, code } of ended.filter((_, rank) => rank !== failing)) {
        t.true(output.startsWith(`INF7101 rank ${failing} ${how}`), output);
        t.is(code, 0);
      }
    });
  }
}

for (const stopped of [0, 2]) {
  test.serial(`rank ${stopped} of three processes stands still`, async (t) => {
    const ended = await processes(3, { [stopped]: 'stop' });
    for (const { output } of ended.filter((_, rank) => rank !== stopped)) t.true(output.startsWith(`INF7101 rank ${stopped} has been silent for 5 s, and deeds is waited for`), output);
  });
}

interface Ended {
  readonly code: unknown;
  readonly output: string;
}

/** Runs the program in a process for each rank, until all have ended but those that stand still: these are killed. `deeds` by rank. */
async function processes(ranks: number, deeds: Readonly<Record<number, string>>): Promise<readonly Ended[]> {
  const folder = await mkdtemp(path.join(tmpdir(), 'infinitile-'));
  const file = path.join(folder, 'rank.mts');
  await writeFile(file, program);
  const port = String(await freePort());
  const all = range(ranks).map((rank) => deeds[rank] ?? 'nothing');
  const children = all.map((deed, rank) => ({ deed, ...start(file, [String(rank), String(ranks), port, all.join()]) }));
  await Promise.all(children.filter(({ deed }) => deed !== 'stop').map(({ ended }) => ended));
  for (const { deed, kill } of children) if (deed === 'stop') kill();
  const ended = await Promise.all(children.map((child) => child.ended));
  await rm(folder, { recursive: true });
  return ended;
}

function start(file: string, args: readonly string[]): { readonly ended: Promise<Ended>; readonly kill: () => boolean } {
  let kill = (): boolean => false;
  const ended = new Promise<Ended>((resolve) => {
    const child = execFile(process.execPath, ['--import', import.meta.resolve('tsx'), file, ...args], (error, output) => resolve({ code: error === null ? 0 : (error.code ?? error.signal), output }));
    kill = () => child.kill('SIGKILL');
  });
  return { ended, kill };
}

function dial(port: number): Promise<Socket> {
  return new Promise((resolve) => {
    const attemptOnce = (): void => {
      const socket = connect(port, '127.0.0.1');
      socket.once('connect', () => resolve(socket));
      socket.once('error', () => setTimeout(attemptOnce, 20));
    };
    attemptOnce();
  });
}

function attempt(port: number): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve('somebody listens'));
    socket.once('error', (error) => resolve(String(error)));
  });
}
