import { isOfPositive } from './attributes.js';
import type { Diagnostic, DiagnosticCode } from './diagnostics/index.js';
import type { Expression, InputName } from './expression/nodes.js';
import { dependsOn, subexpressions } from './expression/visit.js';
import type { LocatedCall, PropertyPath } from './lambda/index.js';
import type { PairwiseLoss, SoftmaxTerm } from './loss.js';

/** What the parts of a loss, each right in itself, do not make together. */
export function relationMistakes(loss: PairwiseLoss, located: () => LocatedCall | undefined): readonly Diagnostic[] {
  const found: Diagnostic[] = [];
  const tell: Tell = (code, path, message, hint) => {
    const call = located();
    found.push({ code, message, hint, ...call?.source.mark(call.node(path)) });
  };
  if (!readsDot(loss)) {
    tell('INF2006', ['logit'], `loss '${loss.name}' does not depend on dot: its gradients with respect to all embeddings are zero`, 'make the logit of dot, or read dot in the pair term');
  }
  checkCounterparts(loss, tell);
  for (const field of ['rows', 'cols'] as const) {
    const term = loss[field];
    if (term !== undefined) checkTerm(loss, field, term, tell);
  }
  return found;
}

const words = { rows: { one: 'row', plural: 'rows' }, cols: { one: 'column', plural: 'columns' } } as const;

type Tell = (code: DiagnosticCode, path: PropertyPath, message: string, hint: string) => void;

function checkCounterparts({ name, positives, between, rows, cols }: PairwiseLoss, tell: Tell): void {
  if (positives.kind === 'counterpart' && !(spansBoth(between.rows) || spansBoth(between.cols) || between.rows[0] !== between.cols[0])) {
    tell('INF2012', ['positives'], `loss '${name}' has its positives in the other tensor, and neither rows nor columns reach it`, "stack both: between: { rows: ['queries', 'keys'], cols: ['queries', 'keys'] }");
  }
  for (const [field, term] of [['rows', rows], ['cols', cols]] as const) {
    if (term?.normaliser !== 'counterparts' || spansBoth(between[field])) continue;
    tell('INF2012', [field, 'normaliser'], `the ${words[field].plural} of loss '${name}' share a normaliser with their counterparts, and only one tensor is among them`, `stack both: between: { ${field}: ['queries', 'keys'], ... }`);
  }
}

function checkTerm({ name, positives }: PairwiseLoss, field: 'rows' | 'cols', { counts, value }: SoftmaxTerm, tell: Tell): void {
  const attributes = counts === undefined ? [] : subexpressions(counts).flatMap((part) => (part.kind === 'attribute' && isOfPositive(part.name) ? [`${part.side}.${part.name}`] : []));
  if (positives.kind === 'where' && attributes[0] !== undefined) {
    tell('INF2012', [field, 'counts'], `'${attributes[0]}' is read, and a row of loss '${name}' may have many positives`, 'it is known before the logits of a tile only where each row has one: positives: { column: ... }, the diagonal, an index map');
  }
  if (!reads(value, 'lse') && !reads(value, 'positiveLogit') && !reads(value, 'meanLogit')) {
    tell('INF2012', [field, 'value'], `the value of the ${words[field].one} softmax of loss '${name}' reads no logit: it has no gradient`, 'make it of lse, positiveLogit or meanLogit');
  }
}

function spansBoth(tensors: readonly string[]): boolean {
  return tensors.length > 1;
}

/** Whether a term that the loss has changes with `dot`. A loss without terms is told apart from this. */
function readsDot({ logit, rows, cols, pairs }: PairwiseLoss): boolean {
  const throughLogit = reads(logit, 'dot');
  const softmaxTerms = rows !== undefined || cols !== undefined;
  if (!softmaxTerms && pairs === undefined) return true;
  if (softmaxTerms && throughLogit) return true;
  if (pairs === undefined) return false;
  return reads(pairs.value, 'dot') || (throughLogit && reads(pairs.value, 'logit'));
}

function reads(expression: Expression, name: InputName): boolean {
  return dependsOn(expression, { kind: 'input', name });
}
