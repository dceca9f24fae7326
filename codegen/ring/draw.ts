import type { Pass, Ring } from './schedule.js';
import { lanes, type Lane, type Span } from './timeline.js';

/** A pass to be drawn. */
export interface Drawn {
  readonly pass: Pass;
  readonly spans: readonly Span[];
}

/** How the axis is labelled: what its numbers are multiplied by, and their unit. */
export interface Axis {
  readonly scale: number;
  readonly unit: string;
}

/** Pixels. */
const [labelWidth, chartWidth, laneHeight, rankGap, margin, titleHeight, axisHeight] = [150, 1000, 15, 7, 16, 34, 26];

const colors: Readonly<Record<Lane, string>> = {
  tiles: '#4c78a8',
  'intra keys': '#f2b134',
  'intra sums': '#59a14f',
  'inter keys': '#d9742b',
  'inter sums': '#2f7d6b',
};

/** A timeline of each rank, compute above its links, as an SVG file that needs nothing else. */
export function drawTimeline(ring: Ring, drawn: readonly Drawn[], axis: Axis): string {
  const shown = lanes.filter((lane) => drawn.some(({ spans }) => spans.some((span) => span.lane === lane)));
  const panelHeight = titleHeight + ring.ranks * (shown.length * laneHeight + rankGap) + axisHeight;
  const [width, height] = [labelWidth + chartWidth + 2 * margin, drawn.length * panelHeight + 2 * margin];
  // One scale for both passes, so that their lengths compare.
  const longest = Math.max(...drawn.flatMap(({ spans }) => spans.map(({ end }) => end)));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="10">`,
    `<title>${ring.ranks} ranks on ${ring.nodes} nodes: tiles and messages of each rank</title>`,
    `<rect width="${width}" height="${height}" fill="white"/>`,
    ...drawn.flatMap((panel, i) => drawPanel(ring, panel, shown, { top: margin + i * panelHeight, longest, axis })),
    '</svg>',
    '',
  ].join('\n');
}

interface Frame {
  readonly top: number;
  readonly longest: number;
  readonly axis: Axis;
}

function drawPanel(ring: Ring, { pass, spans }: Drawn, shown: readonly Lane[], { top, longest, axis }: Frame): readonly string[] {
  const x = (at: number): number => margin + labelWidth + (at / longest) * chartWidth;
  const y = (rank: number, lane: Lane): number => top + titleHeight + rank * (shown.length * laneHeight + rankGap) + shown.indexOf(lane) * laneHeight;
  const bottom = top + titleHeight + ring.ranks * (shown.length * laneHeight + rankGap);
  return [
    `<text x="${margin}" y="${top + 14}" font-size="14" font-weight="bold">${pass}</text>`,
    ...ticks(longest, axis).flatMap(({ at, label }) => [
      `<line x1="${px(x(at))}" x2="${px(x(at))}" y1="${top + titleHeight - 4}" y2="${bottom}" stroke="#ddd"/>`,
      `<text x="${px(x(at))}" y="${bottom + 12}" text-anchor="middle" fill="#555">${label}</text>`,
    ]),
    ...ring.rows.flatMap(({ rank }) => shown.map((lane, i) => `<text x="${margin + labelWidth - 8}" y="${y(rank, lane) + laneHeight - 4}" text-anchor="end" fill="${colors[lane]}">${i === 0 ? `rank ${rank}: ` : ''}${lane}</text>`)),
    ...spans.flatMap((span) => drawSpan(span, x(span.begin), x(span.end), y(span.rank, span.lane))),
  ];
}

function drawSpan({ rank, lane, label }: Span, left: number, right: number, top: number): readonly string[] {
  const width = Math.max(right - left, 0.5);
  const box = `<rect x="${px(left)}" y="${px(top + 1)}" width="${px(width)}" height="${laneHeight - 2}" rx="2" fill="${colors[lane]}" stroke="white" stroke-width="0.5"><title>rank ${rank}, ${lane}: ${label}</title></rect>`;
  const fits = width > 7 * label.length;
  return fits ? [box, `<text x="${px(left + width / 2)}" y="${px(top + laneHeight - 4)}" text-anchor="middle" fill="white">${label}</text>`] : [box];
}

/** About eight round numbers from 0 on. */
function ticks(longest: number, { scale, unit }: Axis): readonly { readonly at: number; readonly label: string }[] {
  const rough = (longest * scale) / 8;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = Math.max(unit === 'steps' ? 1 : 0, [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= rough) ?? rough);
  const count = Math.floor((longest * scale) / step) + 1;
  return Array.from({ length: count }, (_, i) => ({ at: (i * step) / scale, label: `${Number((i * step).toPrecision(6))}${i === 0 ? ` ${unit}` : ''}` }));
}

/** Tenths of a pixel are enough. */
function px(value: number): string {
  return String(Math.round(value * 10) / 10);
}
