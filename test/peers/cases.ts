import {
  additiveMargin,
  clampedClip,
  clip,
  decoupled,
  gist,
  gte,
  hardnessWeighted,
  hardNegatives,
  indexMap,
  infoNCE,
  labelSmoothing,
  maskedFalseNegatives,
  ntXent,
  pairwiseLoss,
  siglip,
  softcap,
  softmax,
  supCon,
  zLoss,
  type PairwiseLoss,
} from '../../dsl/index.js';
import { rows } from '../numeric/rows.js';

/** A loss of this package beside the same loss as others have written it. */
export interface PeerCase {
  readonly loss: PairwiseLoss;
  /** Its name in peers.py. */
  readonly peer: string;
  /** What peers.py takes beside the inputs. */
  readonly options?: Readonly<Record<string, number | boolean>>;
  readonly dim: number;
  readonly q: Float32Array;
  readonly k?: Float32Array;
  readonly params: Readonly<Record<string, number>>;
  readonly positives?: Int32Array;
  readonly labels?: Int32Array;
  readonly guide?: { readonly q: Float32Array; readonly k: Float32Array; readonly dim: number };
}

const [n, dim] = [130, 48];
const q = rows(n, dim, 21);
const k = rows(n, dim, 22, undefined, q);
const groups = rows(3 * n, dim, 23);
const guideQueries = rows(n, 8, 24);
const guide = { q: guideQueries, k: rows(n, 8, 25, undefined, guideQueries), dim: 8 };
const params = { logScale: Math.log(20) };
const inputs = { dim, q, k, params };

const mapped = pairwiseLoss('mapped', { params: ['logScale'], positives: indexMap, logit: ({ dot, params }) => Math.exp(params.logScale) * dot, rows: softmax({ unmatched: 'skip' }) });

/** Every preset, on unit rows. */
export const peerCases: readonly PeerCase[] = [
  { ...inputs, loss: clip, peer: 'clip' },
  { ...inputs, loss: clampedClip(), peer: 'clampedClip', options: { limit: 100 } },
  { ...inputs, loss: clampedClip({ limit: 10 }), peer: 'clampedClip', options: { limit: 10 } },
  { ...inputs, loss: infoNCE, peer: 'infoNCE' },
  { ...inputs, loss: mapped, peer: 'mappedInfoNCE', positives: Int32Array.from({ length: n }, (_, i) => (i % 6 === 5 ? -1 : (7 * i) % 90)) },
  { ...inputs, loss: siglip, peer: 'siglip', params: { logScale: Math.log(10), bias: -10 } },
  { ...inputs, loss: ntXent, peer: 'ntXent' },
  { ...inputs, loss: decoupled, peer: 'decoupled' },
  { dim, q, params, loss: supCon, peer: 'supCon', labels: Int32Array.from({ length: n }, (_, i) => (i < 8 ? 100 + i : i % 11)) },
  { ...inputs, loss: gte, peer: 'gte' },
  { ...inputs, loss: gist(), peer: 'gist', options: { margin: 0, relative: false }, guide },
  { ...inputs, loss: gist({ margin: 0.1 }), peer: 'gist', options: { margin: 0.1, relative: false }, guide },
  { ...inputs, loss: gist({ margin: 0.05, relative: true }), peer: 'gist', options: { margin: 0.05, relative: true }, guide },
  { ...inputs, k: groups, loss: hardNegatives({ negatives: 2 }), peer: 'hardNegatives', options: { group: 3 } },
  { ...inputs, loss: labelSmoothing({ epsilon: 0.1 }), peer: 'labelSmoothing', options: { epsilon: 0.1 } },
  { ...inputs, loss: additiveMargin({ margin: 0.3 }), peer: 'additiveMargin', options: { margin: 0.3 } },
  { ...inputs, loss: zLoss({ weight: 1e-3 }), peer: 'zLoss', options: { weight: 1e-3 } },
  { ...inputs, loss: maskedFalseNegatives({ margin: 0.1 }), peer: 'maskedFalseNegatives', options: { margin: 0.1, relative: false } },
  { ...inputs, loss: maskedFalseNegatives({ margin: 0.05, relative: true }), peer: 'maskedFalseNegatives', options: { margin: 0.05, relative: true } },
  { ...inputs, loss: hardnessWeighted({ alpha: 9 }), peer: 'hardnessWeighted', options: { alpha: 9 } },
  { ...inputs, loss: softcap({ cap: 5 }), peer: 'softcap', options: { cap: 5 } },
];
