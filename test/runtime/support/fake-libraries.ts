import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { TestFn } from 'ava';
import { packagePath } from '../../../codegen/emit/package-path.js';

/** Builds a shared library from a file of test/runtime. */
export function buildLibrary(path: string, source: string, ...options: readonly string[]): void {
  const all = ['-std=c++17', '-O1', '-shared', '-fPIC', ...options, '-o', path, packagePath('test', 'runtime', source)];
  execFileSync(process.env['CXX'] ?? 'c++', all, { stdio: 'pipe' });
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

export interface ScriptFolder {
  /** Where libraries are found first; removed after the tests. */
  readonly folder: string;
  /** Runs a script with the addon in a process of its own, and tells what it prints, one JSON value or line each. */
  run(script: string, env?: Readonly<Record<string, string>>): Promise<unknown[]>;
}

/** For scripts that all begin with some lines more. */
export function scriptFolder(test: TestFn, lines = ''): ScriptFolder {
  const folder = mkdtempSync(join(tmpdir(), 'infinitile-cuda-'));
  test.after.always(() => rmSync(folder, { recursive: true, force: true }));
  let scripts = 0;
  const run = async (script: string, env: Readonly<Record<string, string>> = {}): Promise<unknown[]> => {
    const file = join(folder, `script-${(scripts += 1)}.mjs`);
    writeFileSync(file, prelude + lines + script);
    const { stdout } = await promisify(execFile)(process.execPath, [file], { env: { ...process.env, LD_LIBRARY_PATH: folder, ...env }, timeout: 30_000 });
    return stdout
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => (/^["[{\d]/.test(line) ? (JSON.parse(line) as unknown) : line));
  };
  return { folder, run };
}
