import { readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { NativeAddon, NvrtcInfo } from '../../addon.js';
import { runChild } from './child.js';
import { noNvrtc } from './errors.js';
import { findProgram } from './find-program.js';

export const nvrtcVariable = 'INFINITILE_NVRTC';

type Opener = Pick<NativeAddon, 'openNvrtc'>;

const opened = new WeakMap<Opener, Map<string, Promise<NvrtcInfo>>>();

/** NVRTC for this environment, looked for once. */
export function openNvrtc(addon: Opener, env: NodeJS.ProcessEnv): Promise<NvrtcInfo> {
  const key = JSON.stringify([nvrtcVariable, 'CUDA_HOME', 'CUDA_PATH', 'PATH'].map((name) => env[name] ?? ''));
  const known = opened.get(addon) ?? new Map<string, Promise<NvrtcInfo>>();
  opened.set(addon, known);
  const found = known.get(key) ?? lookForNvrtc(addon, env);
  known.set(key, found);
  // What is missing may be there the next time.
  found.catch(() => known.delete(key));
  return found;
}

/**
 * Opens NVRTC: $INFINITILE_NVRTC and nothing else where it is set; otherwise what the addon finds in the loader's usual places,
 * then the toolkit ($CUDA_HOME, $CUDA_PATH, /usr/local/cuda), then Python's packages. The addon finds the builtins beside it.
 */
async function lookForNvrtc(addon: Opener, env: NodeJS.ProcessEnv): Promise<NvrtcInfo> {
  const reasons: string[] = [];
  const attempt = (path: string | null): NvrtcInfo | undefined => {
    try {
      return addon.openNvrtc(path, null);
    } catch (error) {
      reasons.push(error instanceof Error ? error.message : String(error));
      return undefined;
    }
  };
  const chosen = env[nvrtcVariable] ?? '';
  if (chosen !== '') {
    const path = resolve(chosen);
    const info = attempt(path);
    if (info === undefined) throw noNvrtc([`${nvrtcVariable} is '${chosen}'`, ...reasons]);
    return info;
  }
  const usual = attempt(null);
  if (usual !== undefined) return usual;
  for (const folders of [() => Promise.resolve(toolkitFolders(env)), () => pythonFolders(env)]) {
    for (const folder of await folders()) {
      const path = await libraryIn(folder);
      const info = path === undefined ? undefined : attempt(path);
      if (info !== undefined) return info;
    }
  }
  throw noNvrtc(reasons);
}

function libraryIn(folder: string): Promise<string | undefined> {
  return newest(folder, /^libnvrtc\.so\.\d+$/);
}

async function newest(folder: string, pattern: RegExp): Promise<string | undefined> {
  const names = (await readdir(folder).catch(() => [])).filter((name) => pattern.test(name));
  const last = names.sort((a, b) => a.localeCompare(b, 'en', { numeric: true })).at(-1);
  return last === undefined ? undefined : join(folder, last);
}

function toolkitFolders(env: NodeJS.ProcessEnv): readonly string[] {
  const roots = [env['CUDA_HOME'], env['CUDA_PATH'], '/usr/local/cuda'].filter((root): root is string => root !== undefined && root !== '');
  return roots.flatMap((root) => ['lib64', 'lib', 'targets/x86_64-linux/lib', 'targets/sbsa-linux/lib'].map((folder) => join(root, folder)));
}

/** Where `pip install nvidia-cuda-nvrtc` puts it, for the python3 on PATH: nvidia/cu13/lib, nvidia/cuda_nvrtc/lib. */
async function pythonFolders(env: NodeJS.ProcessEnv): Promise<readonly string[]> {
  const python = await findProgram('python3', env);
  if (python === undefined) return [];
  const script = 'import importlib.util as u; s = u.find_spec("nvidia"); print("\\n".join(s.submodule_search_locations if s else []))';
  const { code, log } = await runChild(python, ['-c', script], { env }).catch(() => ({ code: 1, log: '' }));
  if (code !== 0) return [];
  const roots = log.split('\n').filter((line) => line.startsWith('/'));
  const found = await Promise.all(roots.map(async (root) => (await readdir(root).catch(() => [])).map((name) => join(root, name, 'lib'))));
  return found.flat().sort((a, b) => b.localeCompare(a, 'en', { numeric: true }));
}
