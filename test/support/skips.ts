/**
 * Says that tests are left out, how many and why. Where INFINITILE_FORBID_SKIPS is 1 (in CI, whose machines have what the tests
 * need) it throws instead.
 */
export function skip(count: number, what: string, why: string): void {
  const message = `${count} ${what} left out: ${why}`;
  if (process.env['INFINITILE_FORBID_SKIPS'] === '1') throw new Error(`${message} (INFINITILE_FORBID_SKIPS is set)`);
  console.log(message);
}
