import type { InputFlags } from '../inputs.js';
import type { Parameters } from '../../scalars.js';

export interface RunFlags extends InputFlags, RankFlags {
  readonly params?: Parameters;
  readonly tiling?: string;
  readonly workspace?: number;
  readonly threads?: number;
  readonly forward?: true;
  readonly lse?: true;
  readonly perRow?: true;
  readonly metrics?: true;
  readonly out?: string;
  readonly json?: true;
}

export interface RankFlags {
  readonly target?: string;
  /** In this process. */
  readonly ranks?: number;
  /** Seconds. */
  readonly patience: number;
  readonly shareGpu?: true;
  readonly transport?: 'mpi' | 'nccl';
}
