import type { Axis } from '../../../codegen/space/space.js';
import { formatMilliseconds } from '../../cli/report.js';
import type { Shown } from './candidates.js';
import { drawChart, spread, type Layer } from './chart.js';
import { markLayers, type Mark } from './marks.js';
import { factor } from './words.js';

/** Speed by that of the usual tiling against the value of one knob, with a line through the fastest of each value. */
export function drawLandscape({ level, knob, values }: Axis, candidates: readonly Shown[]): Promise<string> {
  const name = `${level}.${knob}`;
  const points = candidates.flatMap(({ id, settings, roles, measured }) => {
    const value = settings[name];
    if (measured === undefined || value === undefined) return [];
    return [{ x: String(value), y: measured.speed, roles, label: `${name} ${value}: ${factor(measured.speed)}, ${formatMilliseconds(measured.ms)}, ${id}` }];
  });
  const marks = points.flatMap(({ roles, ...at }) => roles.filter((role) => role !== 'first').map((role): Mark => ({ role, ...at })));
  const domain = values.map(String);
  const fastest = domain.flatMap((x) => {
    const speeds = points.filter((point) => point.x === x).map(({ y }) => y);
    return speeds.length === 0 ? [] : [{ x, y: Math.max(...speeds) }];
  });
  const line: Layer = { data: { values: fastest }, mark: { type: 'line', color: 'var(--candidate)', strokeWidth: 1.5, opacity: 0.6, aria: false } };
  const speeds = points.map(({ y }) => y);
  const kind = Math.max(...speeds) > 4 * Math.min(...speeds) ? 'log' : 'linear';
  return drawChart({
    width: 340,
    height: 240,
    x: { field: 'x', type: 'ordinal', title: name, scale: { domain }, sort: null, axis: { labelAngle: 0, labelOverlap: 'greedy', labelLimit: 100 } },
    y: { field: 'y', type: 'quantitative', title: 'speed, × the usual tiling’s', scale: { type: kind, domain: spread(speeds, kind), nice: false }, axis: { tickCount: 5, format: '~g' } },
    layers: [line, ...markLayers(marks)],
  });
}
