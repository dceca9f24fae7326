import { arch, platform } from 'node:os';
import { InfinitileError } from '../../dsl/diagnostics/index.js';
import { loadAddon, type CudaInfo, type NativeAddon, type NvrtcInfo } from '../addon.js';
import { openNvrtc } from '../artifact/toolchain/find-nvrtc.js';
import { detectCpu, type Cpu } from './cpu.js';
import { openCuda } from './cuda.js';
import { messageOf } from './errors.js';

export { cpuFeatures, type Cpu, type CpuLevel } from './cpu.js';

/** What is on this machine. */
export interface Machine {
  /** `linux x64`. */
  readonly system: string;
  readonly node: string;
  readonly cpu: Cpu;
  readonly addon: Finding<{ readonly version: string }>;
  readonly cuda: Finding<CudaInfo>;
  readonly nvrtc: Finding<NvrtcInfo>;
}

/** Something that may be missing: then why, and what to do about it. */
export type Finding<T> =
  | { readonly found: true; readonly value: T }
  | { readonly found: false; readonly reason: string; readonly remedy: string };

/** Looks, and never throws: what is missing is said in its place. */
export async function detect(env: NodeJS.ProcessEnv = process.env, load: () => NativeAddon = loadAddon): Promise<Machine> {
  const addon = await look(load);
  return {
    system: `${platform()} ${arch()}`,
    node: process.versions.node,
    cpu: detectCpu(),
    addon: addon.found ? { found: true, value: { version: addon.value.version } } : addon,
    cuda: await withAddon(addon, requireDevices),
    nvrtc: await withAddon(addon, (native) => requireBuiltins(native, env)),
  };
}

function requireDevices(addon: NativeAddon): CudaInfo {
  const info = openCuda(addon);
  if (info.devices.length > 0) return info;
  throw new InfinitileError({
    code: 'INF7001',
    message: `the CUDA driver (${info.path}) lists no GPU`,
    hint: 'CUDA_VISIBLE_DEVICES may hide them; nvidia-smi -L lists what the driver has',
  });
}

async function requireBuiltins(addon: NativeAddon, env: NodeJS.ProcessEnv): Promise<NvrtcInfo> {
  const info = await openNvrtc(addon, env);
  if (info.builtins !== null || (await compiles(addon))) return info;
  throw new InfinitileError({
    code: 'INF5003',
    message: `NVRTC ${info.major}.${info.minor} (${info.path}) is there, its builtins are not`,
    hint: `libnvrtc-builtins.so.${info.major}.${info.minor} belongs beside it; installing the CUDA toolkit or pip's nvidia-cuda-nvrtc again brings both`,
  });
}

/** NVRTC may know where its builtins are though the loader does not. */
async function compiles(addon: NativeAddon): Promise<boolean> {
  return addon.compileCuda({ name: 'probe.cu', source: 'extern "C" __global__ void probe() {}', options: [] }).then(
    () => true,
    () => false,
  );
}

async function withAddon<T>(addon: Finding<NativeAddon>, see: (addon: NativeAddon) => T | Promise<T>): Promise<Finding<T>> {
  if (addon.found) return look(() => see(addon.value));
  return { found: false, reason: 'the native addon, which looks for it, cannot be loaded', remedy: addon.remedy };
}

async function look<T>(see: () => T | Promise<T>): Promise<Finding<T>> {
  try {
    return { found: true, value: await see() };
  } catch (error) {
    const diagnostic = error instanceof InfinitileError ? error.diagnostics[0] : undefined;
    if (diagnostic === undefined) return { found: false, reason: messageOf(error), remedy: '' };
    const { message, frame, hint = '' } = diagnostic;
    return { found: false, reason: frame === undefined ? message : `${message}\n${frame}`, remedy: hint };
  }
}
