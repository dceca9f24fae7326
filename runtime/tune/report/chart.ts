import type { TopLevelSpec } from 'vega-lite';

type Layered = Extract<TopLevelSpec, { layer: unknown }>;
type Encoding = NonNullable<Layered['encoding']>;
export type Layer = Layered['layer'][number];

/** A chart whose layers share their axes: each has `values` with fields `x` and `y`. */
export interface Chart {
  /** With axes and titles, in pixels. */
  readonly width: number;
  readonly height: number;
  readonly x: NonNullable<Encoding['x']>;
  readonly y: NonNullable<Encoding['y']>;
  readonly layers: readonly Layer[];
}

/**
 * Draws a chart as an SVG element. Its colours are the page's custom properties, so that one drawing is right in light and dark; the
 * page scales it to the width there is.
 */
export async function drawChart({ width, height, x, y, layers }: Chart): Promise<string> {
  // Loaded where a report is asked for: that takes longer than all other modules of a command.
  const [{ View, parse }, { compile }] = await Promise.all([import('vega'), import('vega-lite')]);
  const spec: Layered = { width, height, padding: 4, autosize: { type: 'fit', contains: 'padding' }, background: 'transparent', config, data: { values: [] }, encoding: { x, y }, layer: [...layers] };
  const view = new View(parse(compile(spec).spec), { renderer: 'none' });
  try {
    return await view.toSVG();
  } finally {
    view.finalize();
  }
}

const config: NonNullable<Layered['config']> = {
  font: 'inherit',
  view: { stroke: null },
  axis: {
    labelColor: 'var(--muted)',
    titleColor: 'var(--ink)',
    titleFontWeight: 'normal',
    labelFontSize: 12,
    titleFontSize: 12.5,
    titlePadding: 8,
    gridColor: 'var(--grid)',
    tickColor: 'var(--line)',
    domainColor: 'var(--line)',
  },
};

/** Round numbers for a logarithmic axis; Vega's own where these would be few. */
export function logTicks([low, high]: readonly [number, number]): { readonly values: number[] } | { readonly tickCount: number } {
  const decades = Array.from({ length: Math.ceil(Math.log10(high / low)) + 1 }, (_, i) => 10 ** (Math.floor(Math.log10(low)) + i));
  const values = decades.flatMap((decade) => [decade, 2 * decade, 5 * decade]).filter((value) => value >= low && value <= high);
  return values.length < 4 ? { tickCount: 6 } : { values: values.length > 9 ? values.filter((value) => decades.includes(value)) : values };
}

/** Limits of an axis that leave room around values; around a single one too. */
export function spread(values: readonly number[], kind: 'linear' | 'log'): [low: number, high: number] {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  if (kind === 'log') {
    const room = Math.max((high / low) ** 0.06, 1.05);
    return [low / room, high * room];
  }
  const room = Math.max((high - low) * 0.08, high * 0.01);
  return [Math.max(0, low - room), high + room];
}
