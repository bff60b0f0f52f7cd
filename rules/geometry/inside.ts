import { boxOf, latOf, type Path, pointsOf } from './path.ts';

/** Beyond 2⁻⁵³·(3 + 16·2⁻⁵³) of the two products the sign of their difference is certain (Shewchuk 1997, ccwerrboundA). */
export const UNCERTAIN = 3.3306690738754716e-16;

type Meeting = 'none' | 'crosses' | 'on edge';

/** How an edge meets the ray from the origin to the east. An end on the ray counts as lying below it, so that no corner counts twice. */
function meetsRay(startX: number, startY: number, endX: number, endY: number): Meeting {
  if (startY > 0 !== endY > 0) {
    if (startX < 0 && endX < 0) return 'none';
    const left = startX * endY;
    const right = endX * startY;
    const side = left - right;
    if (Math.abs(side) <= UNCERTAIN * (Math.abs(left) + Math.abs(right))) return 'on edge';
    return side > 0 === endY > startY ? 'crosses' : 'none';
  }
  if (startY !== 0) return endY === 0 && endX === 0 ? 'on edge' : 'none';
  return startX === 0 || (endY === 0 && startX > 0 !== endX > 0) ? 'on edge' : 'none';
}

/**
 * Where a point lies in a polygon of rings (the outer and its holes). Edges are straight in longitude and latitude, as in RFC 7946
 * §3.1.1; orientation does not matter, for crossings to the east are counted (even-odd rule). A point counts as lying on an edge where
 * rounding leaves open on which side it is: some 1e-9 m.
 *
 * @param lon in the polygon's own run, that is perhaps beyond 180
 */
export function whereInRings(
  rings: readonly Path[],
  lat: number,
  lon: number,
): 'inside' | 'outside' | 'edge' {
  let inside = false;
  for (const ring of rings) {
    let startX = (ring[0] ?? 0) - lon;
    let startY = (ring[1] ?? 0) - lat;
    for (let index = 2; index < ring.length; index += 2) {
      const endX = (ring[index] as number) - lon;
      const endY = (ring[index + 1] as number) - lat;
      const meeting = meetsRay(startX, startY, endX, endY);
      if (meeting === 'on edge') return 'edge';
      if (meeting === 'crosses') inside = !inside;
      startX = endX;
      startY = endY;
    }
  }
  return inside ? 'inside' : 'outside';
}

/** Whether a point lies in a polygon of rings or on an edge of one. */
export function insideRings(rings: readonly Path[], lat: number, lon: number): boolean {
  return whereInRings(rings, lat, lon) !== 'outside';
}

/**
 * The edges of a polygon by bands of latitude: only those of a point's own band can meet its ray, so a detailed coast line costs no more
 * than a square does.
 */
export interface Bands {
  readonly south: number;
  readonly bandsADegree: number;
  /** Where the edges of each band begin, and after the last where they end. */
  readonly starts: Uint32Array;
  /** Longitude and latitude of the start and of the end of each. */
  readonly edges: Float64Array;
}

/** Below, all edges are gone through as fast. */
const LEAST_EDGES = 24;
const EDGES_A_BAND = 2;
/** Long edges stand in many bands; with so many entries for each edge, bands are made broader. */
const MOST_ENTRIES_AN_EDGE = 3;

/** @returns null for a polygon that is not worth it */
export function bandsOf(rings: readonly Path[]): Bands | null {
  const count = rings.reduce((sum, ring) => sum + pointsOf(ring) - 1, 0);
  const { south, north } = boxOf(rings[0] ?? new Float64Array());
  if (count < LEAST_EDGES || !(north > south)) return null;
  for (let bands = Math.ceil(count / EDGES_A_BAND); bands > 1; bands = bands >> 1) {
    const bandsADegree = bands / (north - south);
    // Counted before anything is written down: where all edges are long, there are as many entries as edges times bands.
    let entries = 0;
    forEachStretch(rings, south, bandsADegree, bands, (first, last) => {
      entries += last - first + 1;
    });
    if (entries > count * MOST_ENTRIES_AN_EDGE) continue;
    const starts = new Uint32Array(bands + 2);
    forEachStretch(rings, south, bandsADegree, bands, (first, last) => {
      for (let band = first; band <= last; band++) starts[band + 2] = (starts[band + 2] ?? 0) + 1;
    });
    for (let band = 0; band < bands; band++)
      starts[band + 2] = (starts[band + 2] ?? 0) + (starts[band + 1] ?? 0);
    const edges = new Float64Array(4 * entries);
    forEachStretch(rings, south, bandsADegree, bands, (first, last, ring, edge) => {
      for (let band = first; band <= last; band++) {
        const at = starts[band + 1] ?? 0;
        edges.set(ring.subarray(2 * edge, 2 * edge + 4), 4 * at);
        starts[band + 1] = at + 1;
      }
    });
    return { south, bandsADegree, starts: starts.subarray(0, bands + 1), edges };
  }
  return null;
}

/** The first and the last band of every edge. */
function forEachStretch(
  rings: readonly Path[],
  south: number,
  bandsADegree: number,
  bands: number,
  use: (first: number, last: number, ring: Path, edge: number) => void,
): void {
  for (const ring of rings) {
    for (let edge = 0; edge + 1 < pointsOf(ring); edge++) {
      const [start, end] = [latOf(ring, edge), latOf(ring, edge + 1)];
      const first = bandOf(Math.min(start, end), south, bandsADegree, bands);
      use(first, bandOf(Math.max(start, end), south, bandsADegree, bands), ring, edge);
    }
  }
}

/** Never falls where the latitude grows, so that an edge stands in every band in which a point may be beside it. */
function bandOf(lat: number, south: number, bandsADegree: number, bands: number): number {
  return Math.max(0, Math.min(bands - 1, Math.floor((lat - south) * bandsADegree)));
}

/** The same as `insideRings`, by bands. */
export function insideBands(
  { south, bandsADegree, starts, edges }: Bands,
  lat: number,
  lon: number,
): boolean {
  const band = bandOf(lat, south, bandsADegree, starts.length - 1);
  const end = 4 * (starts[band + 1] as number);
  let inside = false;
  for (let at = 4 * (starts[band] as number); at < end; at += 4) {
    const meeting = meetsRay(
      (edges[at] as number) - lon,
      (edges[at + 1] as number) - lat,
      (edges[at + 2] as number) - lon,
      (edges[at + 3] as number) - lat,
    );
    if (meeting === 'on edge') return true;
    if (meeting === 'crosses') inside = !inside;
  }
  return inside;
}
