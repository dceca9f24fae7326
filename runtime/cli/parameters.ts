import { didYouMean, InfinitileError, type Diagnostic } from '../../dsl/diagnostics/index.js';
import type { PairwiseLoss } from '../../dsl/loss.js';
import type { Parameters } from '../scalars.js';

/** @throws {InfinitileError} naming every learned scalar without a value, and every value without one. */
export function checkParameterFlags(loss: PairwiseLoss, given: Parameters): Parameters {
  const missing = loss.params.filter((name) => !Object.hasOwn(given, name));
  const unknown = Object.keys(given).filter((name) => !loss.params.includes(name));
  const diagnostics: Diagnostic[] = unknown.map((name) => {
    const near = didYouMean(name, loss.params);
    return {
      code: 'INF4009',
      message: `loss '${loss.name}' has no parameter '${name}'${near === '' ? '' : `; ${near}`}`,
      hint: loss.params.length === 0 ? 'it has none' : `it has ${loss.params.join(', ')}`,
    };
  });
  if (missing.length > 0) {
    diagnostics.push({
      code: 'INF4009',
      message: `loss '${loss.name}' needs ${missing.length === 1 ? 'a value' : 'values'} for ${missing.join(', ')}`,
      hint: `--params ${missing.map((name) => `${name}=...`).join(',')}`,
    });
  }
  if (diagnostics.length > 0) throw new InfinitileError(diagnostics);
  return given;
}
