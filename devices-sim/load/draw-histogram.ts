import type { Histogram } from './histogram.ts';

const STEPS = [1, 2, 5];
const BAR_WIDTH = 40;
const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/** Draws it for a terminal: a line for each step 1, 2, 5, 10 … from the first to the last that has something. */
export function drawHistogram(histogram: Histogram): readonly string[] {
  const edges = edgesUpTo(histogram.largestMs);
  const rows = edges.map((edge, index) => {
    const from = edges[index - 1] ?? 0;
    return { from, to: edge, count: histogram.countBelow(edge) - histogram.countBelow(from) };
  });
  // The last bucket may reach beyond the last edge.
  const last = rows.at(-1);
  if (last !== undefined) last.count = histogram.total - histogram.countBelow(last.from);
  const first = rows.findIndex(({ count }) => count > 0);
  if (first === -1) return [];
  const most = Math.max(...rows.map(({ count }) => count));
  return rows.slice(first).map(({ from, to, count }) => {
    const label = `${milliseconds(from)} – ${milliseconds(to)}`.padStart(20);
    return `${label} ${bar(count / most).padEnd(BAR_WIDTH)} ${count}`;
  });
}

/** With three digits at most, as people read it. */
export function milliseconds(ms: number): string {
  if (ms >= 1000) return `${(ms / 1000).toPrecision(3)} s`;
  return `${ms < 10 ? Number(ms.toPrecision(2)) : Math.round(ms)} ms`;
}

function edgesUpTo(largestMs: number): readonly number[] {
  const edges: number[] = [];
  for (let decade = 0.01; ; decade *= 10) {
    for (const step of STEPS) {
      edges.push(Number((decade * step).toPrecision(1)));
      if (decade * step >= largestMs) return edges;
    }
  }
}

function bar(part: number): string {
  const eighths = Math.max(part > 0 ? 1 : 0, Math.round(part * BAR_WIDTH * 8));
  return '█'.repeat(Math.floor(eighths / 8)) + (EIGHTHS[eighths % 8] ?? '');
}
