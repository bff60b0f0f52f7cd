import { useComputedColorScheme } from '@mantine/core';
import type { Geometry } from 'geojson';
import { useEffect, useMemo, useRef, useState } from 'react';
import type { JourneyCollection, SampledDecision } from '../../../../gateway/backtest/report.ts';
import type { MapSettings } from '../../../api/shapes.ts';
import { boundsOf } from '../../../look/map/place-shapes.ts';
import { useGroundData } from '../../../look/map/use-ground-data.ts';
import { REASON_LABELS } from '../../../look/reasons.ts';
import { dayAndTimeOf } from '../../../look/when.ts';
import { usePlacesInView } from '../../live-map/use-places-in-view.ts';
import { createJourneyView, type JourneyView } from './journey-view.ts';

/** Sampled journeys, and where decisions fell: orange where an offer would have been sent. */
export function JourneyMap({
  journeys,
  places: decided,
  settings,
}: {
  journeys: JourneyCollection;
  /** Ids of the places at which it decided: the map shows them whole. */
  places: readonly string[];
  settings: MapSettings;
}) {
  const box = useRef<HTMLDivElement>(null);
  const [view, setView] = useState<JourneyView | null>(null);
  const [picked, setPicked] = useState<SampledDecision | null>(null);
  const scheme = useComputedColorScheme('light');
  const firstScheme = useRef(scheme);
  const { base, overlay } = useGroundData(settings);
  const bounds = useMemo(
    () => boundsOf(journeys.features.map(({ geometry }) => geometry as Geometry)),
    [journeys],
  );
  const { places: shapes } = usePlacesInView(bounds);
  const { styleUrl } = settings;
  useEffect(() => {
    if (box.current === null) return undefined;
    const made = createJourneyView({
      container: box.current,
      scheme: firstScheme.current,
      styleUrl,
      journeys,
      onPick: setPicked,
    });
    setView(made);
    return () => {
      made.destroy();
      setView(null);
    };
  }, [journeys, styleUrl]);
  useEffect(() => view?.setScheme(scheme), [view, scheme]);
  useEffect(() => {
    if (base !== undefined) view?.setBaseMap(base);
  }, [view, base]);
  useEffect(() => {
    if (overlay !== undefined) view?.setOverlay(overlay);
  }, [view, overlay]);
  const wanted = useMemo(() => new Set(decided), [decided]);
  useEffect(() => view?.setPlaces(shapes, wanted), [view, shapes, wanted]);
  return (
    <>
      <div className="journey-map map-box">
        <div ref={box} className="map" role="application" aria-label="Map of sampled journeys" />
      </div>
      <p className="journey-legend">
        <span className="dot-sent">would be sent</span> <span className="dot-suppressed">suppressed</span>{' '}
        <span className="soft" role="status">
          {picked === null
            ? 'Press a dot to read the decision. The same decisions are listed below.'
            : `${dayAndTimeOf(picked.at)}, ${picked.consumer}: ${picked.title ?? (picked.reason ? REASON_LABELS[picked.reason] : '')}. ${picked.detail}`}
        </span>
      </p>
    </>
  );
}
