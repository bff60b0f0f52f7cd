/** Places that are too near one another to be told apart. */
export interface Cluster {
  readonly lat: number;
  readonly lon: number;
  readonly places: number;
}

/** A mark of ten thousand places is 50 pixels wide. */
const CELL_PX = 56;
/** MapLibre's world at zoom 0. */
const WORLD_PX = 512;

/**
 * The clusters that would lie over one another at a zoom, as one: the gateway's grid is as fine as a wide screen can show. The cells hold
 * to the earth and not to the screen, so that nothing jumps while the map is moved.
 */
export function gatherClusters(clusters: readonly Cluster[], zoom: number): readonly Cluster[] {
  const step = (CELL_PX * 360) / (WORLD_PX * 2 ** Math.floor(zoom));
  const cells = new Map<string, Cluster>();
  for (const cluster of clusters) {
    const cell = `${Math.floor(cluster.lon / step)} ${Math.floor(mercatorDegrees(cluster.lat) / step)}`;
    const before = cells.get(cell);
    cells.set(cell, before === undefined ? cluster : together(before, cluster));
  }
  return [...cells.values()];
}

function together(a: Cluster, b: Cluster): Cluster {
  const places = a.places + b.places;
  const mean = (one: number, other: number) => (one * a.places + other * b.places) / places;
  return { lat: mean(a.lat, b.lat), lon: mean(a.lon, b.lon), places };
}

/** The web Mercator's y in the measure in which its x is degrees. */
const mercatorDegrees = (lat: number): number =>
  (180 / Math.PI) * Math.log(Math.tan(Math.PI / 4 + (lat * Math.PI) / 360));
