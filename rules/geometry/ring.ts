/** Closed: the first and the last point are alike. Points are [longitude, latitude] in degrees. */
export type Ring = readonly (readonly [number, number])[];

/**
 * Makes longitudes run on over the date line: where two neighbours are more than 180° apart, the edge is taken to go the
 * shorter way round, and what follows is shifted by 360°. So a ring of Fiji runs from 177 to 181 and not from 177 to −179.
 * (An edge that really spans more than 180° needs a corner in between.)
 */
export function unwrap(ring: Ring): Ring {
  let shift = 0;
  let previous: number | null = null;
  return ring.map(([lon, lat]) => {
    if (previous !== null) {
      const step = lon + shift - previous;
      if (Math.abs(step) > 180) shift -= Math.round(step / 360) * 360;
    }
    previous = lon + shift;
    return [previous, lat] as const;
  });
}

/**
 * An unwrapped ring around a pole does not come back to its first longitude but ends 360° beside it. It is closed along the
 * pole on its own side of the equator, so that the plane test holds for every point up to the pole.
 */
export function closeAroundPole(ring: Ring): Ring {
  const first = ring[0];
  const last = ring[ring.length - 1];
  if (first === undefined || last === undefined || Math.abs(last[0] - first[0]) < 180) return ring;
  const pole = ring.reduce((sum, [, lat]) => sum + lat, 0) >= 0 ? 90 : -90;
  return [...ring, [last[0], pole], [first[0], pole], first];
}

/** A hole that was unwrapped on its own may lie 360° beside its outer ring; this brings it home. */
export function shiftNear(hole: Ring, outer: Ring): Ring {
  const [holeWest, holeEast] = longitudes(hole);
  const [outerWest, outerEast] = longitudes(outer);
  const shift = Math.round(((outerWest + outerEast) / 2 - (holeWest + holeEast) / 2) / 360) * 360;
  return shift === 0 ? hole : hole.map(([lon, lat]) => [lon + shift, lat] as const);
}

function longitudes(ring: Ring): readonly [number, number] {
  let west = Infinity;
  let east = -Infinity;
  for (const [lon] of ring) {
    west = Math.min(west, lon);
    east = Math.max(east, lon);
  }
  return [west, east];
}
