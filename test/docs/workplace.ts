import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { packagePath } from '../../codegen/emit/package-path.js';
import { writeNpy } from '../../runtime/index.js';
import { rows } from '../numeric/rows.js';

export interface Ended {
  readonly code: number | string;
  readonly output: string;
}

const tsx = import.meta.resolve('tsx');

/** Rows and columns of the matrices that every folder holds. */
export const queryCount = 96;
export const keyCount = 96;
export const depth = 32;

const link = (latencySeconds: number, bytesPerSecond: number): object => ({ latencySeconds, bytesPerSecond });

/** As the guide shows it. */
const cluster = { intra: link(5e-6, 4e11), inter: link(1e-5, 2.5e10), flopsPerSecond: 4e14, overlap: true };

/**
 * A directory outside the repository where pages' code runs as a user's would: `infinitile` is the sources, by tsconfig's paths,
 * and `npx infinitile` their command line.
 */
export class Workplace {
  readonly root: string;

  private constructor(root: string) {
    this.root = root;
  }

  static async make(): Promise<Workplace> {
    const root = await mkdtemp(path.join(tmpdir(), 'infinitile-docs-'));
    const config = {
      extends: packagePath('tsconfig.json'),
      compilerOptions: { typeRoots: [packagePath('node_modules', '@types')], incremental: false },
      include: ['**/*.ts'],
    };
    await writeFile(path.join(root, 'tsconfig.json'), JSON.stringify(config));
    await writeFile(path.join(root, 'package.json'), JSON.stringify({ type: 'module', private: true }));
    await mkdir(path.join(root, 'bin'));
    const main = packagePath('runtime', 'cli', 'main.ts');
    await script(path.join(root, 'bin', 'npx'), `test "$1" = infinitile || { echo "npx $1 is not run here"; exit 64; }\nshift\nexec '${process.execPath}' --import '${tsx}' '${main}' "$@"`);
    return new Workplace(root);
  }

  /** A folder with small inputs, as pages name them. */
  async folder(name: string): Promise<string> {
    const folder = path.join(this.root, name);
    await mkdir(folder, { recursive: true });
    const q = rows(queryCount, depth, 1);
    await writeNpy(path.join(folder, 'q.npy'), { element: 'f32', shape: [queryCount, depth], pieces: [q] });
    await writeNpy(path.join(folder, 'k.npy'), { element: 'f32', shape: [keyCount, depth], pieces: [rows(keyCount, depth, 2, () => 1, q)] });
    const positives = Int32Array.from({ length: queryCount }, (_, row) => (row * 7) % keyCount);
    await writeNpy(path.join(folder, 'positives.npy'), { element: 'i32', shape: [queryCount], pieces: [positives] });
    await writeFile(path.join(folder, 'cluster.json'), JSON.stringify(cluster));
    await writeFile(path.join(folder, 'pairs.safetensors'), safetensors({ text: q, image: rows(keyCount, depth, 3) }));
    return folder;
  }

  /** Runs a TypeScript file. */
  runFile(file: string): Promise<Ended> {
    return run(process.execPath, ['--import', tsx, file], path.dirname(file), { TSX_TSCONFIG_PATH: path.join(this.root, 'tsconfig.json') });
  }

  /** Runs a shell command in a folder; `own` gives it a cache of its own. */
  runCommand(command: string, folder: string, own: boolean): Promise<Ended> {
    const environment = { PATH: `${path.join(this.root, 'bin')}:${process.env['PATH'] ?? ''}`, ...(own ? { INFINITILE_CACHE_DIR: path.join(this.root, 'cache') } : {}) };
    return run('sh', ['-c', command], folder, environment);
  }

  /** Type-checks all TypeScript below the root. */
  check(): Promise<Ended> {
    const tsc = fileURLToPath(new URL('tsc.js', import.meta.resolve('typescript')));
    return run(process.execPath, [tsc, '--noEmit', '-p', this.root], this.root, {});
  }

  remove(): Promise<void> {
    return rm(this.root, { recursive: true, force: true });
  }
}

function run(program: string, args: readonly string[], cwd: string, environment: Readonly<Record<string, string>>): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(program, args, { cwd, env: { ...process.env, ...environment }, maxBuffer: 2 ** 24 }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : (error.code ?? error.signal ?? 1), output: `${stdout}${stderr}` });
    });
  });
}

async function script(file: string, body: string): Promise<void> {
  await writeFile(file, `#!/bin/sh\n${body}\n`);
  await chmod(file, 0o755);
}

/** A .safetensors file of f32 matrices. */
function safetensors(tensors: Readonly<Record<string, Float32Array>>): Buffer {
  let end = 0;
  const entries = Object.entries(tensors).map(([name, data]) => {
    const begin = end;
    end += data.byteLength;
    return [name, { dtype: 'F32', shape: [data.length / depth, depth], data_offsets: [begin, end] }] as const;
  });
  const header = Buffer.from(JSON.stringify(Object.fromEntries(entries)));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  return Buffer.concat([length, header, ...Object.values(tensors).map((data) => Buffer.from(data.buffer, data.byteOffset, data.byteLength))]);
}
