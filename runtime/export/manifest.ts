import type { Program } from '../../codegen/compile.js';
import type { LibraryRequest, TargetPrograms } from '../../codegen/embed/c/index.js';
import { libraryNames } from '../../codegen/embed/c/index.js';
import { compilerVersion } from '../../codegen/emit/header.js';
import { printPlan } from '../../codegen/plan/print.js';
import { printExpression } from '../../dsl/expression/index.js';
import { sha256 } from '../artifact/key.js';
import { leastArchitecture, printCapability } from '../device/capability.js';

/** What an exported library is, for machines: where it is from, what it needs, its plans, and its files with their SHA-256. */
export function libraryManifest({ loss, dim, guideDim = dim, precision }: LibraryRequest, compiled: readonly TargetPrograms[], files: ReadonlyMap<string, string>): string {
  const manifest = {
    kind: 'library',
    name: libraryNames(loss.name).prefix,
    license: 'Apache-2.0',
    exportedBy: `infinitile ${compilerVersion}`,
    loss: { name: loss.name, logit: printExpression(loss.logit), params: loss.params, attributes: loss.attributes, positives: loss.positives.kind, between: loss.between },
    constraints: { dim, ...(loss.guide ? { guideDim } : {}), precision, gradients: 'f32', layout: 'row-major' },
    targets: compiled.map(({ target, programs, ring }) => ({
      name: target.name,
      device: target.device,
      needs: target.capability === undefined ? target.requires : [printCapability(target.capability)],
      compilerOptions: target.compilerOptions,
      ...(target.device === 'cuda' ? { architecture: leastArchitecture(target) } : {}),
      defaultWorkspace: target.defaultWorkspace,
      plans: programs.map(planOf),
      ringPlans: ring.map(planOf),
    })),
    files: [...files].map(([path, text]) => ({ path, bytes: Buffer.byteLength(text), sha256: sha256(text) })),
  };
  return `${JSON.stringify(manifest, undefined, 2)}\n`;
}

function planOf({ plan }: Program): object {
  return { softmax: plan.softmax, tiling: plan.tiling, text: printPlan(plan).trimEnd().split('\n') };
}
