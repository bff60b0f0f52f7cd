import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import type { Line } from '../gaps.ts';

export interface PlotOptions {
  readonly container: HTMLElement;
  readonly line: Line;
  /** Epoch ms. */
  readonly from: number;
  readonly to: number;
  /** What the values can't be outside of; else the scale follows the values. */
  readonly range: readonly [number, number] | null;
  /** How far values that are written beside the scale may be apart, ascending. */
  readonly steps: readonly number[];
  /** A state: drawn in steps. */
  readonly isState: boolean;
  readonly writeValue: (value: number) => string;
  readonly writeTime: (at: number) => string;
  /** The reader points at a value, by its place in the line, or at none. */
  readonly onPoint: (index: number | null) => void;
}

export interface MetricPlot {
  /** Marks a value. */
  point(index: number | null): void;
  destroy(): void;
}

const HEIGHT_PX = 168;
const LABEL = '12px system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif';
const TIMES_APART_PX = 62;
const TIMES_HIGH_PX = 26;
const VALUES_APART_PX = 34;

/** Draws a line over time in the colours of the page; made anew when the theme changes. */
export function createMetricPlot(options: PlotOptions): MetricPlot {
  const { container, line, range } = options;
  const colours = getComputedStyle(document.documentElement);
  const colour = (name: string) => colours.getPropertyValue(name).trim();
  const [accent, soft, grid] = [colour('--accent'), colour('--ink-soft'), colour('--line')];
  const hadWidth = () => Math.max(120, container.clientWidth);
  const axis = {
    stroke: soft,
    font: LABEL,
    grid: { stroke: grid, width: 1 },
    ticks: { show: false },
  };
  const plot = new uPlot(
    {
      width: hadWidth(),
      height: HEIGHT_PX,
      ms: 1,
      legend: { show: false },
      padding: [8, 12, 0, 0],
      cursor: { y: false, drag: { x: false, y: false }, points: { size: 9, fill: accent } },
      scales: {
        x: { time: true, range: [options.from, options.to] },
        y: { range: range === null ? wideRange(options.steps[0] ?? 0) : [range[0], range[1]] },
      },
      axes: [
        {
          ...axis,
          grid: { show: false },
          space: TIMES_APART_PX,
          size: TIMES_HIGH_PX,
          // The end of the last day has no room for its name.
          values: (_, times) => times.map((at) => (at < options.to ? options.writeTime(at) : '')),
        },
        {
          ...axis,
          space: VALUES_APART_PX,
          incrs: [...options.steps],
          size: (self, values) => widthOf(self, values),
          values: (_, values) => values.map(options.writeValue),
          ...(options.isState && { splits: () => [0, 1] }),
        },
      ],
      series: [
        {},
        {
          stroke: accent,
          width: 2,
          fill: `color-mix(in srgb, ${accent} 12%, transparent)`,
          ...(options.isState && { paths: stepped() }),
        },
      ],
      hooks: { setCursor: [({ cursor }) => options.onPoint(cursor.idx ?? null)] },
    },
    [[...line.times], [...line.values]],
    container,
  );
  const observer = new ResizeObserver(() => plot.setSize({ width: hadWidth(), height: HEIGHT_PX }));
  observer.observe(container);
  return {
    point(index) {
      const [at, value] = index === null ? [] : [line.times[index], line.values[index]];
      const gone = { left: -10, top: -10 };
      plot.setCursor(
        at === undefined ? gone : { left: plot.valToPos(at, 'x'), top: plot.valToPos(value ?? 0, 'y') },
      );
    },
    destroy() {
      observer.disconnect();
      plot.destroy();
    },
  };
}

/** A little air above and below, also where all values are the same. @param least so much at least, for a value to be written there */
function wideRange(least: number) {
  return (_: uPlot, low: number | null, high: number | null): [number, number] => {
    if (low === null || high === null) return [0, 1];
    const air = Math.max(least, (high - low) * 0.1 || Math.abs(high) * 0.1 || 1);
    return [low >= 0 && low - air < 0 ? 0 : low - air, high + air];
  };
}

function stepped(): uPlot.Series.PathBuilder {
  const { stepped: make } = uPlot.paths;
  if (make === undefined) throw new Error('this uPlot draws no steps');
  return make({ align: 1 });
}

/** As wide as its longest text. */
function widthOf(plot: uPlot, values: readonly string[] | null): number {
  const longest = (values ?? []).reduce((most, text) => (text.length > most.length ? text : most), '');
  plot.ctx.font = LABEL.replace('12px', `${12 * devicePixelRatio}px`);
  return plot.ctx.measureText(longest).width / devicePixelRatio + 14;
}
