import type { MachineModel } from '../../../codegen/cost/estimate.js';
import { formatRate } from '../../cli/report.js';
import { bytesOf, flopsOf, type Shown } from './candidates.js';
import { drawChart, logTicks, spread, type Layer } from './chart.js';
import { markLayers, type Mark } from './marks.js';

/**
 * Flop/s against flops per byte of memory traffic, under the machine's roofs. What was timed is drawn at its measured rate, the rest
 * where the model expects it.
 */
export function drawRoofline(candidates: readonly Shown[], machine: MachineModel): Promise<string> {
  const points = candidates.flatMap(({ id, roles, predicted, measured }) => {
    const [flops, bytes] = [flopsOf(predicted), bytesOf(predicted)];
    const [x, y] = [flops / bytes, (1000 * flops) / (measured?.ms ?? predicted.milliseconds)];
    return flops > 0 && bytes > 0 ? [{ x, y, roles, label: `${formatRate(y)}FLOP/s at ${formatRate(x)} FLOP/byte: ${id}` }] : [];
  });
  const marks = points.flatMap(({ roles, ...at }) => roles.map((role): Mark => ({ role, ...at })));
  const ridge = machine.flops / machine.memoryBytes;
  const reach = spread([...points.map(({ x }) => x), ridge / 4, ridge * 4], 'log');
  const domain = spread([...points.map(({ y }) => y), machine.flops, machine.flops / 20], 'log');
  const roofAt = (x: number): number => Math.min(machine.flops, x * machine.memoryBytes);
  const start = Math.max(reach[0], domain[0] / machine.memoryBytes);
  const slope = Math.sqrt(start * ridge);
  const roof: Layer = { data: { values: [start, ridge, reach[1]].map((x) => ({ x, y: roofAt(x) })) }, mark: { type: 'line', color: 'var(--ink)', strokeWidth: 1.5, aria: false } };
  return drawChart({
    width: 460,
    height: 380,
    x: { field: 'x', type: 'quantitative', title: 'FLOP per byte to and from memory', scale: { type: 'log', domain: reach, nice: false }, axis: { ...logTicks(reach), labelOverlap: 'greedy', format: '~s' } },
    y: { field: 'y', type: 'quantitative', title: 'FLOP/s', scale: { type: 'log', domain, nice: false }, axis: { ...logTicks(domain), labelOverlap: 'greedy', format: '~s' } },
    layers: [roof, roofLabel(`${formatRate(machine.flops)}FLOP/s`, { x: reach[1], y: machine.flops }, { align: 'right', dy: -9 }), roofLabel(`${formatRate(machine.memoryBytes)}B/s`, { x: slope, y: roofAt(slope) }, { align: 'left', dx: 10, dy: 4 }), ...markLayers(marks)],
  });
}

function roofLabel(text: string, at: { readonly x: number; readonly y: number }, place: { readonly align: 'left' | 'right'; readonly dx?: number; readonly dy: number }): Layer {
  return { data: { values: [at] }, mark: { type: 'text', text, ...place, color: 'var(--ink)', fontSize: 12, aria: false } };
}
