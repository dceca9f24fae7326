import * as numeric from './expression/numeric.js';

/*
 * Functions that lambdas may call besides Math's. In a lambda they become operators of the kernel; called on numbers they
 * compute the same.
 */

/** 1 / (1 + e^-x). */
export function sigmoid(x: number): number {
  return numeric.sigmoid(x);
}

/** log(1 + e^x), without overflow. */
export function softplus(x: number): number {
  return numeric.softplus(x);
}

/** x, through which no gradient flows. */
export function stopGradient(x: number): number {
  return x;
}

/** `condition ? whenTrue : whenFalse`. */
export function select(condition: boolean, whenTrue: number, whenFalse: number): number {
  return condition ? whenTrue : whenFalse;
}

/** `Math.floor(a / b)` of integers, for a positive constant b. Lambdas may write either. */
export function floorDivide(a: number, b: number): number {
  return Math.floor(a / b);
}
