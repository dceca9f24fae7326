import { InfinitileError } from '../../dsl/diagnostics/index.js';

/** Milliseconds that a rank waits for another, unless said. */
export const defaultPatience = 30_000;

/** The longest that a timer of Node.js takes: 24 days. */
const longest = 2 ** 31 - 2001;

/** @throws {InfinitileError} INF4013 when it is no number of milliseconds. */
export function checkPatience(patience: number): void {
  if (Number.isInteger(patience) && patience >= 1 && patience <= longest) return;
  throw new InfinitileError({ code: 'INF4013', message: `patience is ${patience}`, hint: `a whole number of milliseconds from 1 to ${longest}` });
}
