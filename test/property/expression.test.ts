import test from 'ava';
import fc from 'fast-check';
import { differentiate, evaluate, interval, printExpression, simplify, subexpressions, typeOf, type Environment, type Expression } from '../../dsl/expression/index.js';
import { apply, constant, dot, isConstant, logit, parameter } from '../../dsl/expression/build.js';
import { wholeValue } from '../../dsl/expression/type-of.js';
import { lowerText } from '../../dsl/lambda/index.js';
import { attributeRanges, attributeTypes, booleanExpressions, environments, indexExpressions, largestIntermediate, numberExpressions } from '../support/expressions.js';

const runs = { numRuns: 2000 };

test('derivatives are those of finite differences', (t) => {
  let compared = 0;
  fc.assert(
    // Differences over a flight of steps see its slope: floor is compared on its own, between steps.
    fc.property(numberExpressions({ without: ['stopGradient', 'floor'] }), environments, (expression, environment) => {
      // Beyond, rounding swallows the step.
      fc.pre(largestIntermediate(expression, environment) < 1e6);
      for (const { variable, shifted } of variables) {
        const at = (step: number) => Number(evaluate(expression, shifted(environment, step)));
        const difference = (step: number) => (at(step) - at(-step)) / (2 * step);
        const [coarse, fine] = [difference(2e-4), difference(1e-4)];
        const sides = [(at(1e-4) - at(0)) / 1e-4, (at(0) - at(-1e-4)) / 1e-4] as const;
        const tolerance = 1e-4 * Math.max(1, Math.abs(fine), largestIntermediate(expression, environment));
        // Where differences of two steps disagree, or those of the two sides, there is a kink or a pole.
        if (!(Math.abs(coarse - fine) < tolerance && Math.abs(sides[0] - sides[1]) < 0.01 * Math.max(1, Math.abs(fine)))) continue;
        const derivative = differentiate(expression, variable);
        if (!(largestIntermediate(derivative, environment) < 1e4)) continue;
        compared++;
        for (const form of [derivative, simplify(derivative)]) {
          const value = Number(evaluate(form, environment));
          if (Math.abs(value - fine) > 0.02 * Math.max(1, Math.abs(fine), Math.abs(value))) return false;
        }
      }
      return true;
    }),
    runs,
  );
  t.true(compared > 2000, `${compared} derivatives were compared`);
});

const variables = [
  { variable: dot, shifted: (environment: Environment, step: number): Environment => ({ ...environment, dot: (environment.dot ?? 0) + step }) },
  { variable: logit, shifted: (environment: Environment, step: number): Environment => ({ ...environment, logit: (environment.logit ?? 0) + step }) },
  {
    variable: parameter('a'),
    shifted: (environment: Environment, step: number): Environment => ({ ...environment, params: { ...environment.params, a: (environment.params?.['a'] ?? 0) + step } }),
  },
];

test('simplifying keeps the value', (t) => {
  fc.assert(
    fc.property(numberExpressions(), environments, (expression, environment) => {
      const largest = largestIntermediate(expression, environment);
      fc.pre(largest < 1e3);
      const simplified = simplify(expression);
      const nearby = [environment, { ...environment, dot: environment.dot * (1 + 1e-13) }, { ...environment, logit: environment.logit * (1 + 1e-13) }];
      const values = nearby.map((each) => Number(evaluate(expression, each)));
      const spread = Math.max(...values) - Math.min(...values);
      // A value that jumps under rounding (floor, a comparison) may land on either side.
      fc.pre(spread < 1e-6);
      return near(Number(evaluate(simplified, environment)), values[0] ?? NaN, 1e-9 * Math.max(1, largest) + 1e3 * spread);
    }),
    runs,
  );
  t.pass();
});

test('a simplified expression simplifies to itself, and keeps its type', (t) => {
  fc.assert(
    fc.property(numberExpressions({ depth: 5 }), (expression) => {
      const simplified = simplify(expression);
      return printExpression(simplify(simplified)) === printExpression(simplified) && typeOf(simplified) !== 'boolean';
    }),
    runs,
  );
  t.pass();
});

test('integers stay integers when they are simplified, and are computed exactly', (t) => {
  fc.assert(
    fc.property(indexExpressions({ depth: 5 }), environments, (expression, environment) => {
      const simplified = simplify(expression);
      const [wanted, given] = [expression, simplified].map((each) => Number(evaluate(each, environment)));
      return (typeOf(simplified) === 'index' || isConstant(simplified)) && wanted === given && Number.isInteger(given);
    }),
    runs,
  );
  t.pass();
});

test('a simplified condition keeps its truth', (t) => {
  fc.assert(
    fc.property(booleanExpressions(), environments, (expression, environment) => {
      fc.pre(largestIntermediate(expression, environment) < 1e3);
      const nearby = [-1e-9, 0, 1e-9].flatMap((step) => [
        { ...environment, dot: environment.dot + step },
        { ...environment, logit: environment.logit + step },
      ]);
      const truths = new Set(nearby.map((each) => evaluate(expression, each)));
      // On the border of a comparison rounding decides.
      fc.pre(truths.size === 1 && !hasTie(expression, environment));
      return truths.has(evaluate(simplify(expression), environment));
    }),
    runs,
  );
  t.pass();
});

/** Whether numbers that are compared are almost equal. */
function hasTie(expression: Expression, environment: Environment): boolean {
  return subexpressions(expression).some((part) => {
    const [a, b] = part.kind === 'apply' ? part.operands.map((operand) => Number(evaluate(operand, environment))) : [];
    const compares = part.kind === 'apply' && typeOf(part) === 'boolean' && part.operands.some((operand) => typeOf(operand) === 'number');
    const floors = part.kind === 'apply' && part.operator === 'floor' && a !== undefined && Math.abs(a - Math.round(a)) < 1e-9;
    return floors || (compares && a !== undefined && b !== undefined && Math.abs(a - b) < 1e-9);
  });
}

test('intervals hold every value', (t) => {
  const part = fc.double({ min: -1, max: 1, noNaN: true });
  fc.assert(
    fc.property(numberExpressions(), environments, fc.tuple(part, part), (expression, environment, [x, y]) => {
      const bound = Math.abs(environment.dot);
      const scale = Math.abs(environment.logit);
      const { low, high } = interval(expression, {
        dot: { low: -bound, high: bound },
        logit: { low: -scale, high: scale },
        row: attributeRanges,
        col: attributeRanges,
        params: environment.params,
      });
      const value = Number(evaluate(expression, { ...environment, dot: x * bound, logit: y * scale }));
      return Number.isNaN(value) ? low === -Infinity && high === Infinity : low <= value && value <= high;
    }),
    { numRuns: 5000 },
  );
  t.pass();
});

test('what is printed reads back as the same expression', (t) => {
  fc.assert(
    fc.property(numberExpressions(), (expression) => printExpression(readBack(expression)) === printExpression(asRead(expression))),
    runs,
  );
  t.pass();
});

test('different expressions print differently', (t) => {
  fc.assert(
    fc.property(numberExpressions({ depth: 3 }), numberExpressions({ depth: 3 }), (a, b) => (printExpression(a) === printExpression(b)) === (structure(a) === structure(b))),
    runs,
  );
  t.pass();
});

/** As the language spells it: the floor of integers' quotient by a positive constant is read as division among integers. */
function asRead(expression: Expression): Expression {
  if (expression.kind !== 'apply') return expression;
  const operands = expression.operands.map(asRead);
  const [ratio] = operands;
  if (expression.operator === 'floor' && ratio?.kind === 'apply' && ratio.operator === 'divide') {
    const [dividend, divisor] = ratio.operands;
    const whole = divisor && wholeValue(divisor);
    if (dividend && typeOf(dividend) === 'index' && whole !== undefined && whole > 0) return apply('floorDivide', dividend, constant(whole));
  }
  return apply(expression.operator, ...operands);
}

function readBack(expression: Expression): Expression {
  const text = printExpression(expression).replace(/\b(exp|log|log1p|expm1|sqrt|abs|sign|min|max|tanh|floor)\(/g, 'Math.$1(');
  const { expression: read, diagnostics } = lowerText(`({ dot, logit, positive, row, col, params }) => ${text}`, {
    description: 'printed expression',
    inputs: ['dot', 'logit', 'positive'],
    params: ['a', 'b'],
    constants: {},
    functions: {},
    row: attributeTypes,
    col: attributeTypes,
    result: 'number',
  });
  if (read === undefined) throw new Error(`${text}: ${diagnostics.map(({ message }) => message).join('; ')}`);
  return read;
}

function structure(expression: Expression): string {
  return JSON.stringify(expression, (_, value: unknown) => (Object.is(value, -0) ? '-0' : value));
}

function near(a: number, b: number, tolerance: number): boolean {
  return Object.is(a, b) || Math.abs(a - b) <= tolerance;
}
