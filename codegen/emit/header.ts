import { readFileSync } from 'node:fs';
import { printExpression } from '../../dsl/expression/index.js';
import type { Problem } from '../plan/problem.js';
import type { SoftmaxTerm } from '../../dsl/loss.js';
import { packagePath } from './package-path.js';

/** The version of the compiler, which emitted text and artifact keys carry. */
export const compilerVersion: string = readVersion();

/** The comment at the head of a file that holds a loss's kernels. `tile`: what of the tiling its text depends on. */
export function lossHeader(problem: Problem, target: string, tile: readonly string[] = []): string {
  const { loss, softmax } = problem;
  const terms = [
    ...softmaxLines('row', loss.rows),
    ...softmaxLines('column', loss.cols),
    ...(loss.pairs === undefined ? [] : [`pairs: ${printExpression(loss.pairs.value)}, weight ${loss.pairs.weight}, ${loss.pairs.reduction}`]),
  ];
  return comment([
    ...provenance,
    `loss       ${loss.name}`,
    `logit      ${printExpression(loss.logit)}`,
    ...terms.map((term, i) => `${i === 0 ? 'terms     ' : '          '} ${term}`),
    `softmax    ${softmax}`,
    ...machineLines(problem, target, tile),
  ]);
}

function softmaxLines(side: string, term: SoftmaxTerm | undefined): readonly string[] {
  if (term === undefined) return [];
  const mask = term.counts === undefined ? '' : ` where ${printExpression(term.counts)}`;
  const shared = term.normaliser === 'own' ? '' : `, one normaliser for counterparts`;
  return [`${side} softmax${mask}: ${printExpression(term.value)}, weight ${term.weight}, ${term.reduction}${shared}`];
}

/** The comment at the head of a file that is the same for every loss, so that its artifact serves them all. */
export function machineHeader(problem: Problem, target: string, tile: readonly string[] = []): string {
  return comment([...provenance, ...machineLines(problem, target, tile)]);
}

/** The comment at the head of a file of an exported library that serves all of its targets. */
export function libraryHeader({ loss, dim, precision }: Problem, targets: readonly string[]): string {
  return comment([...provenance, `loss       ${loss.name}`, `logit      ${printExpression(loss.logit)}`, `inputs     ${precision}, depth ${dim}`, `targets    ${targets.join(', ')}`]);
}

const provenance = [`Emitted by infinitile ${compilerVersion}: do not edit.`, 'SPDX-License-Identifier: Apache-2.0', ''];

function machineLines({ dim, precision }: Problem, target: string, tile: readonly string[]): readonly string[] {
  return [`inputs     ${precision}, depth ${dim}`, `target     ${target}`, ...tile.map((line, i) => `${i === 0 ? 'tile      ' : '          '} ${line}`)];
}

function comment(lines: readonly string[]): string {
  return lines.map((line) => `// ${line}`.trimEnd()).join('\n');
}

function readVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(packagePath('package.json'), 'utf8'));
  if (typeof manifest === 'object' && manifest !== null && 'version' in manifest && typeof manifest.version === 'string') return manifest.version;
  throw new Error("the package's own package.json has no version");
}
