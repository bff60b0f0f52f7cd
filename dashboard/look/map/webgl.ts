/** Whether this browser can draw maps: MapLibre needs WebGL 2. */
export function canDrawMaps(): boolean {
  return document.createElement('canvas').getContext('webgl2') !== null;
}
