import { constant, isConstant, multiply } from '../../dsl/expression/build.js';
import { printExpression, simplify, type Expression } from '../../dsl/expression/index.js';

/**
 * `struct Uniforms`: the values that are the same for every pair. They are computed in fp64 by the runtime and passed by
 * value, so no kernel evaluates a function of the parameters alone. All files of a program share one struct.
 */
export class UniformFields {
  readonly #fields: { readonly key: string; readonly expression: Expression }[] = [];

  /** The field that holds the value. */
  field(expression: Expression): string {
    const key = printExpression(expression);
    let index = this.#fields.findIndex((known) => known.key === key);
    if (index < 0) index = this.#fields.push({ key, expression }) - 1;
    return `uniforms.u${index}`;
  }

  /** The field, or the literal of nothing. */
  number(expression: Expression): string {
    return isConstant(expression, 0) ? '0.0f' : this.field(expression);
  }

  /** The value as an exponent of 2: x of exp(x) = 2^(x log2(e)). */
  exponent(expression: Expression): string {
    return this.number(simplify(multiply(constant(Math.LOG2E), expression)));
  }

  values(): readonly Expression[] {
    return this.#fields.map(({ expression }) => expression);
  }

  struct(): string {
    const fields = this.#fields.map(({ key }, i) => `  float u${i};  // ${key}\n`);
    return `struct Uniforms {\n${fields.length === 0 ? '  float u0;  // the loss has no uniform value\n' : fields.join('')}};`;
  }
}
