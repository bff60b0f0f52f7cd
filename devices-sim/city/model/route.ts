import { distance, type Point } from './plane.ts';
import type { Edge, StreetGraph } from './street-graph.ts';
import type { StreetKind } from './street-plan.ts';

/** Metres per second: 50 km/h in town, 60 on avenues, 70 on the ring. */
export const SPEED_LIMITS: Readonly<Record<StreetKind, number>> = {
  street: 50 / 3.6,
  avenue: 60 / 3.6,
  ring: 70 / 3.6,
};
const FASTEST = SPEED_LIMITS.ring;

export interface Route {
  /** From the start node to the goal node, both included. */
  readonly nodes: readonly number[];
  /** One fewer than nodes. */
  readonly edges: readonly Edge[];
}

/**
 * The best way between two nodes: A* (Hart, Nilsson, Raphael 1968). The beeline never overestimates, so the way is optimal.
 *
 * @param by `drive` counts seconds at the speed limits, `walk` metres
 */
export function findRoute(graph: StreetGraph, from: number, to: number, by: 'drive' | 'walk'): Route {
  const goal = graph.nodes[to] as Point;
  const best = new Map<number, { cost: number; edge: number }>([[from, { cost: 0, edge: -1 }]]);
  const done = new Set<number>();
  const frontier = new Heap();
  frontier.push(from, 0);
  for (let node = frontier.pop(); node !== undefined && node !== to; node = frontier.pop()) {
    if (done.has(node)) continue;
    done.add(node);
    const reached = best.get(node)?.cost ?? 0;
    for (const index of graph.edgesOf[node] ?? []) {
      const edge = graph.edges[index] as Edge;
      const next = edge.a === node ? edge.b : edge.a;
      const cost =
        reached + (by === 'drive' ? edge.lengthMetres / SPEED_LIMITS[edge.kind] : edge.lengthMetres);
      const known = best.get(next);
      if (known !== undefined && known.cost <= cost) continue;
      best.set(next, { cost, edge: index });
      const rest = distance(graph.nodes[next] as Point, goal);
      frontier.push(next, cost + (by === 'drive' ? rest / FASTEST : rest));
    }
  }
  const nodes = [to];
  const edges: Edge[] = [];
  for (let node = to; node !== from; ) {
    const step = best.get(node);
    if (step === undefined)
      throw new Error(`no way from corner ${from} to corner ${to}: the street network is not connected`);
    const edge = graph.edges[step.edge] as Edge;
    node = edge.a === node ? edge.b : edge.a;
    nodes.unshift(node);
    edges.unshift(edge);
  }
  return { nodes, edges };
}

/** Binary heap of nodes, smallest priority first. */
class Heap {
  readonly #items: { node: number; priority: number }[] = [];

  push(node: number, priority: number): void {
    const items = this.#items;
    let hole = items.push({ node, priority }) - 1;
    while (hole > 0) {
      const parent = (hole - 1) >> 1;
      const above = items[parent] as { node: number; priority: number };
      if (above.priority <= priority) break;
      items[hole] = above;
      hole = parent;
    }
    items[hole] = { node, priority };
  }

  pop(): number | undefined {
    const items = this.#items;
    const top = items[0];
    const last = items.pop();
    if (top === undefined || last === undefined) return undefined;
    if (items.length > 0) {
      let hole = 0;
      for (;;) {
        const left = 2 * hole + 1;
        if (left >= items.length) break;
        const right = left + 1;
        const child =
          right < items.length && (items[right]?.priority ?? 0) < (items[left]?.priority ?? 0) ? right : left;
        const below = items[child] as { node: number; priority: number };
        if (below.priority >= last.priority) break;
        items[hole] = below;
        hole = child;
      }
      items[hole] = last;
    }
    return top.node;
  }
}
