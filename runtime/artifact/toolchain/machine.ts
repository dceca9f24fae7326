import { readFile } from 'node:fs/promises';
import { arch, cpus } from 'node:os';
import { sha256 } from '../key.js';

let identity: Promise<string> | undefined;

/** Names what `-march=native` means here: the CPU's model and the instructions it has, as far as the system tells. */
export function machineIdentity(): Promise<string> {
  identity ??= (async () => {
    const model = cpus()[0]?.model.trim() ?? 'unknown CPU';
    const text = await readFile('/proc/cpuinfo', 'utf8').catch(() => '');
    const features = /^(?:flags|Features)\s*:\s*(.*)$/m.exec(text)?.[1] ?? '';
    return `${arch()} ${model} ${sha256(features).slice(0, 12)}`;
  })();
  return identity;
}
