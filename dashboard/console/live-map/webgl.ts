import { canDrawMaps } from '../../look/map/webgl.ts';

/** Why the map cannot be drawn in this browser, or null where it can. */
export function whyNoMap(): string | null {
  if (canDrawMaps()) return null;
  return 'This browser offers no WebGL 2, which the map needs, so here are the devices as a list.';
}
