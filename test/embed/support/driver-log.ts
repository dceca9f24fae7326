import type { Program } from '../../../codegen/compile.js';
import type { Parameter } from '../../../codegen/plan/plan.js';

/*
 * How `fake-driver.cpp` writes down what it is told.
 */

/** Of its GPU. */
export const multiprocessors = 132;

/** The kinds of every kernel's arguments, as it reads them. */
export function kernelLines(programs: readonly Program[]): string {
  const kinds = ({ uniforms }: Program, { type }: Parameter): string => ({ pointer: 'p', i32: 'i', f32: 'f', tensorMap: 't', uniforms: `u${4 * Math.max(1, uniforms.length)}.` })[type];
  return programs.flatMap((program) => program.plan.kernels.map(({ name, parameters }) => `${name} ${parameters.map((parameter) => kinds(program, parameter)).join('')}\n`)).join('');
}

/** As C prints a float by `%.9g`. */
export function float(value: number): string {
  const [mantissa = '', exponent = '0'] = Math.fround(value).toExponential(8).split('e');
  const power = Number(exponent);
  const digits = (text: string): string => (text.includes('.') ? text.replace(/0+$/, '').replace(/\.$/, '') : text);
  if (power < -4 || power >= 9) return `${digits(mantissa)}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`;
  return digits(Math.fround(value).toFixed(Math.max(0, 8 - power)));
}
