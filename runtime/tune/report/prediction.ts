import { formatMilliseconds } from '../../cli/report.js';
import type { Shown } from './candidates.js';
import { drawChart, logTicks, spread, type Layer } from './chart.js';
import { markLayers, type Mark } from './marks.js';

/** Measured time against the model's, both logarithmic and on one scale: on the diagonal the model is right. */
export function drawPrediction(candidates: readonly Shown[]): Promise<string> {
  const points = candidates.flatMap(({ id, roles, predicted: { milliseconds: x }, measured }) =>
    measured === undefined ? [] : [{ x, y: measured.ms, roles, label: `${formatMilliseconds(measured.ms)}, predicted ${formatMilliseconds(x)}: ${id}` }],
  );
  const marks = points.flatMap(({ roles, ...at }) => roles.map((role): Mark => ({ role, ...at })));
  const domain = spread(points.flatMap(({ x, y }) => [x, y]), 'log');
  const diagonal: Layer = { data: { values: domain.map((ms) => ({ x: ms, y: ms })) }, mark: { type: 'line', color: 'var(--muted)', strokeWidth: 1, strokeDash: [5, 4], aria: false } };
  const scale = { type: 'log', domain, nice: false } as const;
  const axis = { ...logTicks(domain), labelOverlap: 'greedy', format: '~g' } as const;
  return drawChart({
    width: 460,
    height: 380,
    x: { field: 'x', type: 'quantitative', title: 'predicted, ms', scale, axis },
    y: { field: 'y', type: 'quantitative', title: 'measured, ms', scale, axis },
    layers: [diagonal, ...markLayers(marks)],
  });
}
