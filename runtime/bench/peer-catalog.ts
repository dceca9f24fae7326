import { InfinitileError, listNames } from '../../dsl/diagnostics/index.js';
import type { Device } from '../device/device.js';

/** Whom `--against` names: other implementations of a loss, or the bare products of matrices in it. */
export const peerNames = ['cublas', 'torch', 'inf-cl', 'liger', 'siglip-kernel'] as const;
export type PeerName = (typeof peerNames)[number];

/** What is timed, as peers/registry.py has it. */
export const peerVersions = ['cublas', 'torch-dense', 'torch-compiled', 'torch-chunks', 'inf-cl', 'liger', 'siglip-kernel'] as const;
export type PeerVersion = (typeof peerVersions)[number];

/** How far the loss, and the gradients of the learned scalars, may be from ours: relatively, or of 1 where they are smaller. */
export interface Tolerance {
  readonly loss: number;
  readonly gradient: number;
  /** Why it is wider than PyTorch's. */
  readonly because?: string;
}

export interface PeerFacts {
  readonly name: PeerName;
  readonly losses: readonly string[];
  readonly devices: readonly Device['kind'][];
  /** What pip calls its package. */
  readonly package: string;
  /** By loss; absent for one that computes none. */
  readonly tolerance: Readonly<Record<string, Tolerance>>;
}

/** Sixteen-bit logits are what limits PyTorch's gradient of the scale. */
const torchTolerance = { clip: { loss: 1e-4, gradient: 1e-2 }, siglip: { loss: 1e-3, gradient: 1e-2 } };

export const peerCatalog: Readonly<Record<PeerVersion, PeerFacts>> = {
  cublas: { name: 'cublas', losses: ['clip', 'siglip'], devices: ['cpu', 'cuda'], package: 'torch', tolerance: {} },
  'torch-dense': { name: 'torch', losses: ['clip', 'siglip'], devices: ['cpu', 'cuda'], package: 'torch', tolerance: torchTolerance },
  'torch-compiled': { name: 'torch', losses: ['clip', 'siglip'], devices: ['cuda'], package: 'torch', tolerance: torchTolerance },
  'torch-chunks': { name: 'torch', losses: ['clip'], devices: ['cpu', 'cuda'], package: 'torch', tolerance: torchTolerance },
  'inf-cl': {
    name: 'inf-cl',
    losses: ['clip'],
    devices: ['cpu', 'cuda'],
    package: 'inf_cl',
    tolerance: { clip: { loss: 5e-3, gradient: 2e-2, because: 'its TF32 products are off by 3.6e-3 in the loss at N = 4,096' } },
  },
  liger: {
    name: 'liger',
    losses: ['clip'],
    devices: ['cpu', 'cuda'],
    package: 'liger-kernel',
    tolerance: { clip: { loss: 1e-3, gradient: 2e-2, because: 'its gradients are sums in the precision of the inputs: off by 5.8e-3 at N = 4,096 in bf16' } },
  },
  'siglip-kernel': {
    name: 'siglip-kernel',
    losses: ['siglip'],
    devices: ['cpu', 'cuda'],
    package: 'siglip-kernel',
    tolerance: { siglip: { loss: 5e-3, gradient: 2e-2, because: 'its logits are of sixteen bits' } },
  },
};

/** What a peer is timed in, for a loss and a device. */
export function versionsOf(name: PeerName, loss: string, device: Device['kind']): readonly PeerVersion[] {
  return peerVersions.filter((version) => {
    const facts = peerCatalog[version];
    return facts.name === name && facts.losses.includes(loss) && facts.devices.includes(device);
  });
}

/** @throws {InfinitileError} INF8004 for a peer that does not compute the loss, or not for these shapes. */
export function requirePeers(names: readonly PeerName[], loss: string, n: number, m: number): void {
  const mistakes = names.flatMap((name) => {
    const losses = [...new Set(peerVersions.filter((version) => peerCatalog[version].name === name).flatMap((version) => peerCatalog[version].losses))];
    if (!losses.includes(loss)) {
      const fitting = peerNames.filter((other) => versionsOf(other, loss, 'cuda').length > 0);
      const hint = fitting.length === 0 ? 'leave --against or --loss out' : `for '${loss}' there are ${listNames(fitting)}`;
      return [{ code: 'INF8004' as const, message: `--against ${name} times the ${losses.length === 1 ? 'loss' : 'losses'} ${losses.join(' and ')}; '${loss}' is another one`, hint }];
    }
    if (n === m) return [];
    return [{ code: 'INF8004' as const, message: `--against ${name} times losses of as many keys as queries; here ${n} queries meet ${m} keys`, hint: 'leave --m out' }];
  });
  if (mistakes.length > 0) throw new InfinitileError(mistakes);
}
