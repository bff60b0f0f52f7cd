/** Why the map cannot be drawn in this browser, or null where it can: MapLibre needs WebGL 2. */
export function whyNoMap(): string | null {
  if (document.createElement('canvas').getContext('webgl2') !== null) return null;
  return 'This browser offers no WebGL 2, which the map needs, so here are the devices as a list.';
}
