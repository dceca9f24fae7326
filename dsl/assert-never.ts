/** Ends a switch over a union: the compiler checks that nothing is left. */
export function assertNever(value: never): never {
  throw new Error(`unexpected value: ${JSON.stringify(value)}`);
}
