import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createProgram } from '../../../runtime/cli/program.js';
import { MemoryTerminal } from '../../../runtime/cli/terminal.js';
import { writeNpy } from '../../../runtime/index.js';
import { toldBy, type Example } from './example.js';
import { sourceFolder, sourceOf } from './source-examples.js';

/** Command lines, as they are typed in a folder with the files that are named. */
const commands: Readonly<Record<string, CommandLine>> = {
  INF3101: { command: 'infinitile inspect clip --target sm_80 --tiling INF3101.ts', declares: 'INF3101.ts' },
  INF3102: { command: 'infinitile inspect clip --target sm_80 --tiling INF3102.ts', declares: 'INF3102.ts' },
  INF3201: { command: 'infinitile ring --ranks 8 --nodes 3' },
  INF6001: { command: 'infinitile run clip --queries querys.npy --keys k.npy --params logScale=2' },
  INF6002: { command: 'infinitile run clip --queries cut.npy --keys k.npy --params logScale=2', file: ['cut.npy', npy("{'descr': '<f4', 'fortran_order': False, 'shape': (8, 4), }", 16)] },
  INF6003: { command: 'infinitile run clip --queries q.csv --keys k.npy --params logScale=2', file: ['q.csv', Buffer.from('1, 0\n0, 1\n')] },
  INF6004: { command: 'infinitile run clip --queries complex.npy --keys k.npy --params logScale=2', file: ['complex.npy', npy("{'descr': '<c8', 'fortran_order': False, 'shape': (2, 4), }", 64)] },
  INF6005: { command: 'infinitile run clip --queries columns.npy --keys k.npy --params logScale=2', file: ['columns.npy', npy("{'descr': '<f4', 'fortran_order': True, 'shape': (2, 4), }", 32)] },
  INF6006: { command: 'infinitile run clip --queries pairs.safetensors --keys k.npy --params logScale=2', file: ['pairs.safetensors', twoTensors()] },
  INF6007: { command: 'infinitile run clip --queries k.npy --keys k.npy --params logScale=2 --out k.npy' },
  INF6101: { command: 'INFINITILE_CACHE_DIR=k.npy infinitile cache list' },
  INF6105: { command: 'infinitile inspect clip --tiling clip-256.json', file: ['clip-256.json', Buffer.from('{"block": {"rows": 64}}')] },
  INF7001: { command: 'infinitile inspect clip --target sm_8' },
  INF8001: { command: 'infinitile inspect clip --target sm_80 --emit source --file forward' },
  INF8002: { command: 'infinitile inspect losses.tss' },
  INF8003: { command: 'infinitile inspect infonce' },
  INF8004: { command: 'infinitile inspect clip --target sm_80 --m 4096' },
  INF8007: { command: 'infinitile ring --ranks 8 --simulate cluster.json', file: ['cluster.json', Buffer.from('{"intra": {"latencySeconds": 5e-6}, "flopsPerSecond": 4e14}')] },
};

interface CommandLine {
  readonly command: string;
  /** A file that it needs beside k.npy, which is a matrix. */
  readonly file?: readonly [name: string, content: Buffer];
  /** One of the sources of docs/examples/diagnostics that it names. */
  readonly declares?: string;
}

export function commandExamples(): ReadonlyMap<string, Example> {
  return new Map(Object.entries(commands).map(([code, line]) => [code, exampleOf(line)]));
}

function exampleOf(line: CommandLine): Example {
  const { command, declares } = line;
  const typed = `$ ${command}`;
  const shown = declares === undefined ? ({ language: 'console', text: typed } as const) : ({ language: 'typescript', text: `${sourceOf(declares)}\n\n// ${typed}` } as const);
  return { shown, tell: () => told(line) };
}

async function told({ command, file, declares }: CommandLine): ReturnType<Example['tell']> {
  const folder = mkdtempSync(path.join(tmpdir(), 'infinitile-'));
  const [before, environment] = [process.cwd(), { ...process.env }];
  try {
    await writeNpy(path.join(folder, 'k.npy'), { element: 'f32', shape: [2, 4], pieces: [Float32Array.of(1, 0, 0, 0, 0, 1, 0, 0)] });
    if (file !== undefined) writeFileSync(path.join(folder, file[0]), file[1]);
    if (declares !== undefined) copyFileSync(path.join(sourceFolder, declares), path.join(folder, declares));
    process.chdir(folder);
    const words = command.split(' ');
    const program = words.indexOf('infinitile');
    for (const word of words.slice(0, program)) process.env[word.split('=')[0] ?? ''] = word.split('=')[1];
    return await toldBy(() => createProgram(new MemoryTerminal()).parseAsync(words.slice(program + 1), { from: 'user' }));
  } finally {
    process.chdir(before);
    process.env = environment;
    rmSync(folder, { recursive: true, force: true });
  }
}

function npy(header: string, bytes: number): Buffer {
  const text = `${header}\n`;
  const length = Buffer.alloc(2);
  length.writeUInt16LE(text.length);
  return Buffer.concat([Buffer.from([0x93]), Buffer.from('NUMPY\x01\x00', 'latin1'), length, Buffer.from(text, 'latin1'), Buffer.alloc(bytes)]);
}

function twoTensors(): Buffer {
  const entry = (begin: number) => ({ dtype: 'F32', shape: [2, 4], data_offsets: [begin, begin + 32] });
  const header = Buffer.from(JSON.stringify({ image: entry(0), text: entry(32) }));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  return Buffer.concat([length, header, Buffer.alloc(64)]);
}
