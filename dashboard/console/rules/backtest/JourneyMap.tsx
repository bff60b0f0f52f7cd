import { useComputedColorScheme } from '@mantine/core';
import type { Geometry } from 'geojson';
import { useCallback, useEffect, useMemo, useState } from 'react';
import type { JourneyCollection, SampledDecision } from '../../../../gateway/backtest/report.ts';
import type { MapSettings } from '../../../api/shapes.ts';
import type { Scheme } from '../../../look/map/ground.ts';
import { boundsOf } from '../../../look/map/place-shapes.ts';
import { useGroundData } from '../../../look/map/use-ground-data.ts';
import { useMapView } from '../../../look/map/use-map-view.ts';
import { REASON_LABELS } from '../../../look/reasons.ts';
import { dayAndTimeOf } from '../../../look/when.ts';
import { usePlacesInView } from '../../live-map/use-places-in-view.ts';
import { createJourneyView } from './journey-view.ts';

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
  const [picked, setPicked] = useState<SampledDecision | null>(null);
  const scheme = useComputedColorScheme('light');
  const ground = useGroundData(settings);
  const bounds = useMemo(
    () => boundsOf(journeys.features.map(({ geometry }) => geometry as Geometry)),
    [journeys],
  );
  const { places: shapes } = usePlacesInView(bounds);
  const { styleUrl } = settings;
  const make = useCallback(
    (container: HTMLElement, first: Scheme) =>
      createJourneyView({ container, scheme: first, styleUrl, journeys, onPick: setPicked }),
    [journeys, styleUrl],
  );
  const { box, view } = useMapView(make, scheme, ground);
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
