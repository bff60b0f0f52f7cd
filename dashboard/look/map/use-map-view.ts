import type { RefObject } from 'react';
import { useEffect, useRef, useState } from 'react';
import type { Ground, Scheme } from './ground.ts';
import type { GroundData } from './use-ground-data.ts';

/** A map of some page, which stands on the ground. */
export interface ViewOnGround extends Pick<Ground, 'setScheme' | 'setBaseMap' | 'setOverlay'> {
  destroy(): void;
}

/**
 * Makes a map in the element that `box` is given to, and keeps its ground and its theme as the page has them.
 *
 * @param make by `useCallback`: with another one the map is made anew. It is given the theme that the page had at first
 * @returns view null until it is made
 */
export function useMapView<View extends ViewOnGround>(
  make: (container: HTMLElement, scheme: Scheme) => View,
  scheme: Scheme,
  { base, overlay }: Pick<GroundData, 'base' | 'overlay'>,
): { readonly box: RefObject<HTMLDivElement | null>; readonly view: View | null } {
  const box = useRef<HTMLDivElement>(null);
  const [view, setView] = useState<View | null>(null);
  const firstScheme = useRef(scheme);
  useEffect(() => {
    if (box.current === null) return undefined;
    const made = make(box.current, firstScheme.current);
    setView(made);
    return () => {
      made.destroy();
      setView(null);
    };
  }, [make]);
  useEffect(() => view?.setScheme(scheme), [view, scheme]);
  useEffect(() => {
    if (base !== undefined) view?.setBaseMap(base);
  }, [view, base]);
  useEffect(() => {
    if (overlay !== undefined) view?.setOverlay(overlay);
  }, [view, overlay]);
  return { box, view };
}
