import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** Runs a program; what it says when it fails is in the error. */
export async function run(command: string, args: readonly string[], cwd: string, env: Readonly<Record<string, string>> = {}): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)(command, args, { cwd, env: { ...process.env, ...env }, maxBuffer: 2 ** 26 });
    return stdout;
  } catch (error) {
    const said = error instanceof Error && 'stderr' in error ? String(error.stderr) : '';
    throw new Error(`${[command, ...args].join(' ')}\n${said}`, { cause: error });
  }
}
