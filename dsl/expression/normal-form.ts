import { add, constant, divide, isApply, isConstant, multiply, negate, subtract } from './build.js';
import type { Expression } from './nodes.js';
import { printExpression } from './print.js';
import { isUniform, sizeOf } from './visit.js';

/*
 * Sums and products as lists, put back together in one order:
 *
 *     product = (coefficient * uniform factors / uniform divisors) * factors / divisors
 *     sum     = terms + (uniform terms + constant), equal terms collected, a positive one first
 *
 * `uniform` is what does not depend on the pair.
 */

export function normalProduct(expression: Expression): Expression {
  return makeProduct(readProduct(expression));
}

export function normalSum(expression: Expression): Expression {
  return makeSum(collect(readTerms(expression, 1)));
}

interface Product {
  readonly coefficient: number;
  readonly factors: readonly Expression[];
  readonly divisors: readonly Expression[];
}

function readProduct(expression: Expression): Product {
  if (isConstant(expression) && typeof expression.value === 'number') return { coefficient: expression.value, factors: [], divisors: [] };
  if (expression.kind === 'apply') {
    const [a, b] = expression.operands;
    if (expression.operator === 'negate' && a !== undefined) return times(readProduct(a), { coefficient: -1, factors: [], divisors: [] });
    if (expression.operator === 'multiply' && a !== undefined && b !== undefined) return times(readProduct(a), readProduct(b));
    if (expression.operator === 'divide' && a !== undefined && b !== undefined) return times(readProduct(a), inverse(b));
  }
  return { coefficient: 1, factors: [expression], divisors: [] };
}

/** One divided by a value. Its constant factor is inverted; a divisor that is 0 stays a division. */
function inverse(divisor: Expression): Product {
  const { coefficient, factors, divisors } = readProduct(divisor);
  if (coefficient === 0 || !Number.isFinite(1 / coefficient)) return { coefficient: 1, factors: [], divisors: [divisor] };
  if (factors.length === 0 && divisors.length === 0) return { coefficient: 1 / coefficient, factors, divisors };
  return { coefficient: 1 / coefficient, factors: [], divisors: [makeProduct({ coefficient: 1, factors, divisors })] };
}

function times(a: Product, b: Product): Product {
  return { coefficient: a.coefficient * b.coefficient, factors: [...a.factors, ...b.factors], divisors: [...a.divisors, ...b.divisors] };
}

function makeProduct({ coefficient, factors, divisors }: Product): Expression {
  if (coefficient === 0 && divisors.length === 0) return constant(0);
  const [onlyFactor] = factors;
  const single = factors.length === 1 && divisors.length === 0 ? onlyFactor : undefined;
  if (coefficient === -1 && single !== undefined && isApply(single, 'add', 'subtract')) return normalSum(negate(single));
  const uniform = join(coefficient, ordered(factors.filter(isUniform)), ordered(divisors.filter(isUniform)));
  const rest = { factors: ordered(factors.filter(isVarying)), divisors: ordered(divisors.filter(isVarying)) };
  if (isConstant(uniform) && typeof uniform.value === 'number') return join(uniform.value, rest.factors, rest.divisors);
  return join(1, [uniform, ...rest.factors], rest.divisors);
}

function join(coefficient: number, factors: readonly Expression[], divisors: readonly Expression[]): Expression {
  const unsigned = coefficient === -1 ? 1 : coefficient;
  const numbered = unsigned === 1 && factors.length > 0 ? factors : [constant(unsigned), ...factors];
  const product = numbered.reduce((left, right) => multiply(left, right));
  const signed = coefficient === -1 ? (isConstant(product, 1) ? constant(-1) : negate(product)) : product;
  return divisors.reduce((left, right) => divide(left, right), signed);
}

interface Term {
  readonly coefficient: number;
  /** Absent for a constant. */
  readonly value?: Expression;
}

function readTerms(expression: Expression, sign: number): readonly Term[] {
  if (expression.kind === 'apply') {
    const [a, b] = expression.operands;
    if (expression.operator === 'add' && a !== undefined && b !== undefined) return [...readTerms(a, sign), ...readTerms(b, sign)];
    if (expression.operator === 'subtract' && a !== undefined && b !== undefined) return [...readTerms(a, sign), ...readTerms(b, -sign)];
    if (expression.operator === 'negate' && a !== undefined) return readTerms(a, -sign);
  }
  const { coefficient, factors, divisors } = readProduct(expression);
  if (factors.length === 0 && divisors.length === 0) return [{ coefficient: sign * coefficient }];
  return [{ coefficient: sign * coefficient, value: makeProduct({ coefficient: 1, factors, divisors }) }];
}

/** Adds the coefficients of equal terms. */
function collect(terms: readonly Term[]): readonly Term[] {
  const byKey = new Map<string, Term>();
  for (const term of terms) {
    const key = term.value === undefined ? '' : printExpression(term.value);
    const coefficient = (byKey.get(key)?.coefficient ?? 0) + term.coefficient;
    byKey.set(key, { ...term, coefficient });
  }
  return [...byKey.values()].filter(({ coefficient }) => coefficient !== 0);
}

function makeSum(terms: readonly Term[]): Expression {
  const varying = terms.filter(({ value }) => value !== undefined && isVarying(value));
  const uniform = terms.filter(({ value }) => value === undefined || isUniform(value));
  if (varying.length === 0) return addUp(uniform) ?? constant(0);
  const left = addUp(varying);
  const right = addUp(uniform);
  if (left === undefined || right === undefined) return left ?? right ?? constant(0);
  const lead = leading(varying);
  const tail = leading(uniform);
  if (lead && tail) return add(left, right);
  if (lead) return subtract(left, addUp(uniform.map(opposite)) ?? right);
  if (tail) return subtract(right, addUp(varying.map(opposite)) ?? left);
  return negate(add(addUp(varying.map(opposite)) ?? left, addUp(uniform.map(opposite)) ?? right));
}

/** Terms as a sum that starts with a positive one; as the negation of a sum where there is none. */
function addUp(terms: readonly Term[]): Expression | undefined {
  if (terms.length > 1 && !leading(terms)) {
    const positive = addUp(terms.map(opposite));
    return positive === undefined ? undefined : negate(positive);
  }
  const sorted = [...terms].sort(byPlace);
  const first = sorted.findIndex(({ coefficient }) => coefficient > 0);
  const led = first > 0 ? [...sorted.slice(first, first + 1), ...sorted.slice(0, first), ...sorted.slice(first + 1)] : sorted;
  return led.reduce<Expression | undefined>((sum, term) => {
    if (sum === undefined) return termValue(term);
    return term.coefficient < 0 ? subtract(sum, termValue(opposite(term))) : add(sum, termValue(term));
  }, undefined);
}

function leading(terms: readonly Term[]): boolean {
  return terms.some(({ coefficient }) => !(coefficient < 0));
}

function opposite(term: Term): Term {
  return { ...term, coefficient: -term.coefficient };
}

function termValue({ coefficient, value }: Term): Expression {
  return value === undefined ? constant(coefficient) : normalProduct(multiply(constant(coefficient), value));
}

/** Large terms first, as in a polynomial; the constant last. */
function byPlace(a: Term, b: Term): number {
  if (a.value === undefined || b.value === undefined) return a.value === b.value ? 0 : a.value === undefined ? 1 : -1;
  return sizeOf(b.value) - sizeOf(a.value) || compareText(a.value, b.value);
}

/** Small factors first. */
function ordered(factors: readonly Expression[]): readonly Expression[] {
  return [...factors].sort((a, b) => sizeOf(a) - sizeOf(b) || compareText(a, b));
}

function compareText(a: Expression, b: Expression): number {
  const [left, right] = [printExpression(a), printExpression(b)];
  return left < right ? -1 : left > right ? 1 : 0;
}

function isVarying(expression: Expression): boolean {
  return !isUniform(expression);
}
