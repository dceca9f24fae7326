import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { ExecutionContext } from 'ava';
import { runCli } from '../../runtime/cli/program.js';
import { MemoryTerminal } from '../../runtime/cli/terminal.js';
import { writeNpy } from '../../runtime/index.js';

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command line in this process. */
export async function cli(...args: readonly string[]): Promise<Ran> {
  const terminal = new MemoryTerminal();
  const code = await runCli(args, terminal);
  return { code, stdout: terminal.stdout, stderr: terminal.stderr };
}

/** A folder that goes when the test ends. */
export async function temporaryFolder(t: ExecutionContext): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'infinitile-cli-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

export async function writeMatrix(folder: string, name: string, values: Float32Array, dim: number): Promise<string> {
  const file = path.join(folder, name);
  await writeNpy(file, { element: 'f32', shape: [values.length / dim, dim], pieces: [values] });
  return file;
}
