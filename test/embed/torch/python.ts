import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { libraryNames } from '../../../codegen/embed/c/index.js';
import { emitTorch } from '../../../codegen/embed/torch/index.js';
import { here, requestOf, type ExportedCase } from '../support/exported-case.js';
import { markedLibrary } from '../support/library.js';
import { run } from '../support/run.js';
import { writeAll } from '../support/folder.js';

/** Where .ci/run installs torch and what builds wheels; those of python3 itself serve too. */
const installed = path.resolve('build/peers');
const searched = [...(existsSync(installed) ? [installed] : []), ...(process.env['PYTHONPATH']?.split(path.delimiter) ?? [])];
export const pythonEnvironment = { PYTHONPATH: searched.join(path.delimiter) };

/** Why wheels cannot be built and used here; undefined where they can. */
export function missingPython(): string | undefined {
  const missing = whyNotImported('torch, scikit_build_core, venv, pip');
  return missing === undefined ? undefined : `${missing} (torch and scikit-build-core are needed: see .ci/run)`;
}

/** Why modules cannot be imported; undefined where they can. */
export function whyNotImported(modules: string, environment: Readonly<Record<string, string>> = pythonEnvironment): string | undefined {
  const { status, stderr, error } = spawnSync('python3', ['-c', `import ${modules}`], { env: { ...process.env, ...environment }, encoding: 'utf8' });
  if (error !== undefined) return `python3 cannot be run: ${error.message}`;
  return status === 0 ? undefined : (stderr.trim().split('\n').at(-1) ?? '');
}

/** A fresh virtual environment, to which the installed torch is lent: it is not fetched a second time. */
export class VirtualEnvironment {
  readonly python: string;
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
    this.python = path.join(folder, 'venv', 'bin', 'python');
  }

  static async make(folder: string): Promise<VirtualEnvironment> {
    const made = new VirtualEnvironment(folder);
    await run('python3', ['-m', 'venv', '--without-pip', path.join(folder, 'venv')], folder);
    const packages = (await made.run(['-c', 'import sysconfig; print(sysconfig.get_path("purelib"))'])).trim();
    const lent = await run('python3', ['-c', 'import os, torch; print(os.path.dirname(os.path.dirname(torch.__file__)))'], folder, pythonEnvironment);
    await writeFile(path.join(packages, 'lent.pth'), lent);
    return made;
  }

  /** Exports a loss, for GPUs too with kernels that do not run, and builds its wheel: outside the source tree. The path of the wheel. */
  async build(one: ExportedCase): Promise<string> {
    const { prefix } = libraryNames(one.loss.name);
    const [project, wheels] = [path.join(this.#folder, prefix), path.join(this.#folder, `${prefix}-wheel`)];
    const request = requestOf(one, [here.name, 'sm_90a']);
    await writeAll(project, emitTorch(request, markedLibrary(request)));
    await this.#pip(['wheel', '--no-deps', '--no-build-isolation', '--no-index', '--wheel-dir', wheels, project]);
    const [wheel = ''] = await readdir(wheels);
    return path.join(wheels, wheel);
  }

  install(wheels: readonly string[]): Promise<void> {
    return this.#pip(['--python', this.python, 'install', '--no-deps', '--no-index', ...wheels]);
  }

  async #pip(args: readonly string[]): Promise<void> {
    await run('python3', ['-m', 'pip', '--quiet', '--disable-pip-version-check', ...args], this.#folder, pythonEnvironment);
  }

  run(args: readonly string[], cwd = this.#folder, env: Readonly<Record<string, string>> = {}): Promise<string> {
    return run(this.python, args, cwd, { PYTHONPATH: '', PYTHONWARNINGS: 'ignore', ...env });
  }
}
