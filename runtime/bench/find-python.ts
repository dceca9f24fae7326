import { z } from 'zod';
import { runChild } from '../artifact/toolchain/child.js';
import { findProgram } from '../artifact/toolchain/find-program.js';
import type { Finding } from '../device/detect.js';

export interface PythonFacts {
  /** The path of python3. */
  readonly program: string;
  /** The version of its torch. */
  readonly torch: string;
}

const torchHint = 'pip install torch, for the python3 on PATH';

/** python3 and its torch, without loading it. */
export async function findPython(env: NodeJS.ProcessEnv = process.env, signal?: AbortSignal): Promise<Finding<PythonFacts>> {
  const program = await findProgram('python3', env);
  if (program === undefined) return { found: false, reason: 'python3 is not on PATH', remedy: `install Python 3, then ${torchHint}` };
  const { code, log } = await runChild(program, ['-c', script], { env, signal }).catch((error: unknown) => {
    signal?.throwIfAborted();
    return { code: null, log: String(error) };
  });
  const version = versionSchema.safeParse(code === 0 ? log.trim().split('\n').at(-1) : undefined);
  if (version.success) return { found: true, value: { program, torch: version.data } };
  return { found: false, reason: code === 3 ? `${program} has no torch` : `${program} fails: ${log.trim().split('\n').at(-1) ?? ''}`, remedy: torchHint };
}

const versionSchema = z.string().regex(/^\d+\.\d+/);

const script = `
import importlib.metadata, sys
try:
    print(importlib.metadata.version("torch"))
except importlib.metadata.PackageNotFoundError:
    sys.exit(3)
`;
