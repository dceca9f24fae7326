import type { Estimate, MachineModel } from './estimate.js';

/** By pass, the longest first: milliseconds, and what bounds it. */
export function printEstimate({ milliseconds, passes }: Estimate, { name }: MachineModel): string {
  const rows = [...passes].sort((a, b) => b.milliseconds - a.milliseconds);
  const width = Math.max(...rows.map(({ kernel }) => kernel.length));
  return [
    `estimate  ${format(milliseconds)} ms forward and backward, on ${name}`,
    ...rows.map((pass) => `  ${pass.kernel.padEnd(width)}  ${format(pass.milliseconds).padStart(8)} ms  ${pass.bound}`),
    '',
  ].join('\n');
}

function format(milliseconds: number): string {
  return milliseconds < 0.001 ? '< 0.001' : milliseconds.toPrecision(3);
}
