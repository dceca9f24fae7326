import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Diagnostic } from '../../../dsl/diagnostics/index.js';
import { openAddon, type NativeAddon } from '../../../runtime/addon.js';
import { ArtifactCache, artifactSpec, HostCompiler, NvrtcCompiler } from '../../../runtime/artifact/index.js';
import { requireAgreement } from '../../../runtime/bench/peers.js';
import { findDisassembler } from '../../../runtime/cli/inspect/device-code.js';
import { HostDevice } from '../../../runtime/device/host.js';
import { automatic } from '../../../runtime/index.js';
import { openArtifactPlace } from '../../../runtime/tune/artifact-place.js';
import { otherVersion } from '../../../runtime/package/errors.js';
import { budgetTooShort } from '../../../runtime/tune/errors.js';
import { TunedStore } from '../../../runtime/tune/store/tuned-store.js';
import { tellOfMismatch } from '../../../runtime/tune/tiling-file.js';
import { facts, recordOf } from '../../runtime/tune/records.js';
import { toldBy, type Example } from './example.js';

/** What a machine lacks, or does wrong: the commands that meet it are shown, and the part that tells it is run with such a machine. */
const machines: Readonly<Record<string, Machine>> = {
  INF5001: { command: 'CXX=/opt/none/bin/c++ infinitile run clip --queries q.npy --keys k.npy --params logScale=2', meet: (folder) => toldBy(() => host(folder, '/opt/none/bin/c++')) },
  INF5002: { command: 'infinitile run mine.ts --target cuda --queries q.npy --keys k.npy', meet: refusedSource },
  INF5003: { command: 'infinitile inspect clip --target sm_80 --emit ptx', meet: () => toldBy(() => NvrtcCompiler.open(nvrtc({ openNvrtc: notFound }), sm80)) },
  INF5004: { command: 'infinitile doctor', meet: (folder) => toldBy(() => openAddon(folder)) },
  INF5005: { command: 'CXX=cc-licensed infinitile run clip --queries q.npy --keys k.npy --params logScale=2', meet: brokenCompiler },
  INF5006: { command: 'node app.js', meet: () => toldBy(() => Promise.reject(otherVersion({ name: 'infinitile-clip', infinitile: '0.1.0' }, '0.2.0'))) },
  INF6102: { command: 'infinitile run clip --queries q.npy --keys k.npy --params logScale=2', meet: damagedEntry },
  INF6103: { command: 'infinitile run clip --queries q.npy --keys k.npy --params logScale=2', meet: damagedTuning },
  INF6104: { command: 'infinitile tune clip --dim 256', meet: unwritableCache, varies: /(?<=written: ).*/g },
  INF6106: { command: 'infinitile bench --loss siglip --dim 512 --tiling clip-256.json', meet: tunedForAnother },
  INF7002: { command: 'infinitile run clip --queries q.npy --keys k.npy --params logScale=2', meet: () => toldBy(() => new HostDevice().allocate(2 ** 50)), varies: /(?<=^INF7002 ).*?(?=: )/g },
  INF7003: { command: 'infinitile run clip --queries q.npy --keys k.npy --params logScale=2', meet: () => toldBy(() => new HostDevice().loadModule('/absent.so')), varies: /(?<=^INF7003 ).*?(?=: \/)|(?<=absent\.so: ).*/g },
  INF8005: { command: 'infinitile inspect clip --target sm_80 --emit sass', meet: () => toldBy(() => findDisassembler({ PATH: '' }, [])) },
  INF8006: { command: 'infinitile bench --against torch', meet: () => toldBy(() => requireAgreement('torch-dense', 'clip', { loss: 0.5, params: { logScale: 0.25 } }, { loss: 0.75, gradients: { logScale: 0.25 } })) },
  INF8008: { command: 'infinitile tune clip --dim 256 --budget 5s', meet: () => toldBy(() => Promise.reject(budgetTooShort(5, 23))) },
};

interface Machine {
  readonly command: string;
  readonly meet: (folder: string) => ReturnType<Example['tell']>;
  readonly varies?: RegExp;
}

export function machineExamples(): ReadonlyMap<string, Example> {
  return new Map(Object.entries(machines).map(([code, machine]) => [code, exampleOf(machine)]));
}

function exampleOf({ command, meet, varies }: Machine): Example {
  const tell = async (): ReturnType<Example['tell']> => {
    const folder = await mkdtemp(path.join(tmpdir(), 'infinitile-'));
    try {
      return await meet(folder);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  };
  return { shown: { language: 'console', text: `$ ${command}` }, tell, ...(varies === undefined ? {} : { varies }) };
}

function host(folder: string, compiler: string): Promise<HostCompiler> {
  return HostCompiler.open({ compilerOptions: [], cacheDirectory: path.join(folder, 'cache'), env: { PATH: process.env['PATH'], CXX: compiler } });
}

async function brokenCompiler(folder: string): ReturnType<Example['tell']> {
  const compiler = path.join(folder, 'cc-licensed');
  await writeFile(compiler, '#!/bin/sh\necho "licence expired" >&2\nexit 3\n');
  await chmod(compiler, 0o755);
  return toldBy(() => host(folder, compiler));
}

const sm80 = { architecture: 'sm_80', compilerOptions: [], env: {} };
const source = { path: 'stats.cu', text: 'extern "C" __global__ void stats() {}' };
const origin = { loss: 'mine', target: 'sm_80' };

type Nvrtc = Pick<NativeAddon, 'openNvrtc' | 'compileCuda'>;

function nvrtc(parts: Partial<Nvrtc>): Nvrtc {
  return {
    openNvrtc: () => ({ path: '/opt/libnvrtc.so.13', builtins: null, major: 13, minor: 0 }),
    compileCuda: () => Promise.resolve({ cubin: Uint8Array.of(1, 2, 3), ptx: null, log: '' }),
    ...parts,
  };
}

function notFound(): never {
  throw new Error('libnvrtc.so: cannot open shared object file: No such file or directory');
}

async function refusedSource(folder: string): ReturnType<Example['tell']> {
  const log = 'stats.cu(1): error: expected an expression\n1 error detected in the compilation of "stats.cu".';
  const compiler = await NvrtcCompiler.open(nvrtc({ compileCuda: () => Promise.reject(new Error(log)) }), sm80);
  return toldBy(() => artifactSpec(source, compiler, new ArtifactCache({ directory: folder }), origin).load());
}

/** A warning, and a rebuild. */
async function damagedEntry(folder: string): ReturnType<Example['tell']> {
  const warnings: Diagnostic[] = [];
  const spec = artifactSpec(source, await NvrtcCompiler.open(nvrtc({}), sm80), new ArtifactCache({ directory: folder, onWarning: (warning) => warnings.push(warning) }), origin);
  const { path: artifact } = await spec.load();
  await writeFile(artifact, 'cut');
  await spec.load();
  return warnings;
}

/** A warning, and what was tuned counts as nothing. */
async function damagedTuning(folder: string): ReturnType<Example['tell']> {
  const warnings: Diagnostic[] = [];
  const store = new TunedStore(folder, facts, (warning) => warnings.push(warning));
  const record = recordOf(4096);
  await store.keepWinner(record);
  await writeFile(path.join(store.directory(record.subject), 'winner.json'), 'cut');
  await store.winner(record.subject);
  return warnings;
}

/** A warning, and a search without a cache. */
async function unwritableCache(folder: string): ReturnType<Example['tell']> {
  const warnings: Diagnostic[] = [];
  const file = path.join(folder, 'cache');
  await writeFile(file, 'a file');
  const place = await openArtifactPlace((warning) => warnings.push(warning), file);
  await place.close();
  return warnings;
}

/** A warning: the tiling is used. */
function tunedForAnother(): ReturnType<Example['tell']> {
  const warnings: Diagnostic[] = [];
  tellOfMismatch({ ...automatic, tunedFor: { ...facts, dim: 256 } }, { ...facts, loss: 'siglip', dim: 512 }, (warning) => warnings.push(warning));
  return Promise.resolve(warnings);
}
