import { simplify } from '../../dsl/expression/index.js';
import type { Expression, Side } from '../../dsl/expression/nodes.js';
import type { PairwiseLoss } from '../../dsl/loss.js';
import type { Needs, SideNeeds } from '../plan/needs.js';
import { emitChannels } from './channels.js';
import { differentiateLoss, type LossDerivatives } from './derivatives.js';
import type { Dialect } from './dialect.js';
import { ExpressionWriter } from './expression-writer.js';
import { linearLogit, type LinearLogit } from './linear.js';
import { softplusSum, softplusTerms, type SoftplusSum } from './softplus-sums.js';
import { emitTerm, type TermDialect } from './terms.js';
import { emitTileTest } from './tile-test.js';
import { UniformFields } from './uniforms.js';

/**
 * A loss's arithmetic as text in a target's language: the functions that templates call on each logit of a tile. Texts of
 * what the loss does not have are empty. `row` and `col` are the places of the pair: `const Row& row, const Col& col`.
 */
export interface EmittedEpilogue {
  /** `struct Uniforms`. */
  readonly uniforms: string;
  /** `pairwise_logit(dot, positive, row, col, uniforms)` -> s. */
  readonly logit: string;
  /** `is_positive(row, col, uniforms)`, for a relation given by a condition. */
  readonly isPositive: string;
  /** `row_counts(dot, logit, positive, [guide,] row, col, uniforms)`: whether the column counts for the row. */
  readonly rowCounts: string;
  /** The same for the column softmax. */
  readonly colCounts: string;
  /** `pairwise_value(dot, logit, positive, [guide,] row, col, uniforms)` -> the weighted pair term. */
  readonly value: string;
  /**
   * `pairwise_backward(dot, logit, softmax, positive, [guide,] row, col, uniforms)` -> `PairGradient { dot; scalars[kScalars] }`:
   * the derivative with respect to the dot, and what the pair adds to the pair term's sum and to each parameter's gradient.
   * `softmax` is the softmax terms' share of dL/ds.
   */
  readonly backward: string;
  /** `row_channels(logit, positive, counts, [value,] row, terms)` adds nothing: it sets `terms[kRowChannels]`, this pair's. */
  readonly rowChannels: string;
  readonly colChannels: string;
  /** `row_term(lse, positiveLogit, meanLogit, row, uniforms)` -> `RowTerm`, in fp64. */
  readonly rowTerm: string;
  readonly colTerm: string;
  /** `tile_is_plain(row, col)`, of `TileRange`s: no mask leaves out a pair of the tile, and no condition finds a positive in it. */
  readonly tileTest: string;
  /** The logit where it is linear in the dot, for languages that make use of it. */
  readonly linear?: LinearLogit;
  /** The pair term where it is a sum of softpluses, for languages that make use of it. */
  readonly softpluses?: readonly SoftplusSum[];
  /** 1 + the number of parameters. */
  readonly scalarCount: number;
  /** What each field `u0, u1, ...` of `Uniforms` is, in the parameters and the pair term's weight. */
  readonly uniformValues: readonly Expression[];
}

/** The two languages of a target: of pairs, and of rows and columns. */
export interface Dialects {
  readonly pair: Dialect;
  readonly term: TermDialect;
  /** Whether kernels have forms of their own for logits that are linear in the dot, and for softpluses of such. */
  readonly linearForm?: boolean;
}

export function emitEpilogue(loss: PairwiseLoss, needs: Needs, dialects: Dialects): EmittedEpilogue {
  const derivatives = differentiateLoss(loss);
  const uniforms = new UniformFields();
  const writer = new ExpressionWriter(dialects.pair, uniforms);
  const functions = new PairFunctions(writer, dialects.pair, needs);
  const { positives } = loss;
  const side = (name: Side, sideNeeds: SideNeeds | undefined) => ({
    counts: functions.predicate(`${name}_counts`, sideNeeds?.term?.counts, ['dot', 'logit']),
    channels: emitChannels(dialects.pair, name, sideNeeds),
    term: emitTerm(dialects.term, uniforms, name, name === 'row' ? derivatives.rows : derivatives.cols),
  });
  const [row, col] = [side('row', needs.row), side('col', needs.col)];
  const texts = {
    logit: functions.value('pairwise_logit', derivatives.logit, ['dot']),
    isPositive: functions.relation(positives.kind === 'where' ? positives.where : undefined),
    rowCounts: row.counts,
    colCounts: col.counts,
    value: functions.value('pairwise_value', derivatives.pair?.value, ['dot', 'logit']),
    backward: functions.backward(derivatives),
    rowChannels: row.channels,
    colChannels: col.channels,
    rowTerm: row.term,
    colTerm: col.term,
    tileTest: emitTileTest(loss, dialects.pair.functionPrefix),
  };
  const linear = dialects.linearForm === true ? linearLogit(loss, derivatives, uniforms) : undefined;
  const softpluses = dialects.linearForm === true ? softplusTerms(loss)?.map((term) => softplusSum(term, loss.params, uniforms)) : undefined;
  return { ...texts, ...(linear === undefined ? {} : { linear }), ...(softpluses === undefined ? {} : { softpluses }), uniforms: uniforms.struct(), scalarCount: 1 + loss.params.length, uniformValues: uniforms.values() };
}

/** Functions of a pair. What reads more than the logit does may read the guide. */
class PairFunctions {
  readonly #writer: ExpressionWriter;
  readonly #dialect: Dialect;
  readonly #guide: readonly string[];

  constructor(writer: ExpressionWriter, dialect: Dialect, { guide }: Needs) {
    this.#writer = writer;
    this.#dialect = dialect;
    this.#guide = guide ? [`${dialect.types.number} guide`] : [];
  }

  value(name: string, expression: Expression | undefined, numbers: readonly string[]): string {
    if (expression === undefined) return '';
    return this.#writer.function(`${this.#dialect.types.number} ${name}`, this.#parameters(numbers), (body) => [`return ${body.text(expression)};`]);
  }

  predicate(name: string, expression: Expression | undefined, numbers: readonly string[]): string {
    if (expression === undefined) return '';
    const simplified = simplify(expression);
    return this.#writer.function(`${this.#dialect.types.boolean} ${name}`, this.#parameters(numbers), (body) => [`return ${body.text(simplified)};`]);
  }

  relation(expression: Expression | undefined): string {
    if (expression === undefined) return '';
    const simplified = simplify(expression);
    return this.#writer.function(`${this.#dialect.types.boolean} is_positive`, places, (body) => [`return ${body.text(simplified)};`]);
  }

  backward({ logit, logitByDot, logitByParams, pair }: LossDerivatives): string {
    const { number } = this.#dialect.types;
    const text = this.#writer.function('PairGradient pairwise_backward', this.#parameters(['dot', 'logit', 'softmax']), (body) => {
      body.alias(logit, 'logit');
      const gradient = pair === undefined ? 'softmax' : `softmax + ${body.operand(pair.byLogit)}`;
      const chain = (outer: Expression, direct: Expression | undefined) => body.sum(body.product('gradient', outer), direct);
      const value = pair === undefined ? body.text(zero) : body.text(pair.value);
      const scalars = [value, ...logitByParams.map((outer, i) => chain(outer, pair?.byParams[i]))];
      return [`const ${number} gradient = ${gradient};`, `return {${chain(logitByDot, pair?.byDot)}, {${scalars.join(', ')}}};`];
    });
    return `struct PairGradient {\n  ${number} dot;\n  ${number} scalars[kScalars];\n};\n\n${text}`;
  }

  #parameters(numbers: readonly string[]): readonly string[] {
    const { number, boolean } = this.#dialect.types;
    const guide = numbers.includes('logit') ? this.#guide : [];
    return [...numbers.map((name) => `${number} ${name}`), `${boolean} positive`, ...guide, ...places];
  }
}

const places = ['const Row& row', 'const Col& col', 'const Uniforms& uniforms'];

const zero: Expression = { kind: 'constant', value: 0 };
