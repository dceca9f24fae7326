import type { Axis } from '../../../codegen/space/space.js';
import { formatMilliseconds } from '../../cli/report.js';
import type { Shown } from './candidates.js';
import { drawChart, spread, type Layer } from './chart.js';
import { markLayers, type Mark } from './marks.js';

/** Measured time against the value of one knob, with a line through the fastest of each value. */
export function drawLandscape({ level, knob, values }: Axis, candidates: readonly Shown[]): Promise<string> {
  const name = `${level}.${knob}`;
  const points = candidates.flatMap(({ id, settings, roles, ms }) => {
    const value = settings[name];
    return ms === undefined || value === undefined ? [] : [{ x: String(value), y: ms, roles, label: `${name} ${value}: ${formatMilliseconds(ms)}, ${id}` }];
  });
  const marks = points.flatMap(({ roles, ...at }) => roles.filter((role) => role !== 'first').map((role): Mark => ({ role, ...at })));
  const domain = values.map(String);
  const fastest = domain.flatMap((x) => {
    const times = points.filter((point) => point.x === x).map(({ y }) => y);
    return times.length === 0 ? [] : [{ x, y: Math.min(...times) }];
  });
  const line: Layer = { data: { values: fastest }, mark: { type: 'line', color: 'var(--candidate)', strokeWidth: 1.5, opacity: 0.6, aria: false } };
  const times = points.map(({ y }) => y);
  const kind = Math.max(...times) > 4 * Math.min(...times) ? 'log' : 'linear';
  return drawChart({
    width: 340,
    height: 240,
    x: { field: 'x', type: 'ordinal', title: name, scale: { domain }, sort: null, axis: { labelAngle: 0, labelOverlap: 'greedy', labelLimit: 100 } },
    y: { field: 'y', type: 'quantitative', title: 'measured, ms', scale: { type: kind, domain: spread(times, kind), nice: false }, axis: { tickCount: 5 } },
    layers: [line, ...markLayers(marks)],
  });
}
