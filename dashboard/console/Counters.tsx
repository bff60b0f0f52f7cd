import type { LiveState } from '../live/live-feed.ts';

/** The figures over the map. Offers are counted from the moment the page was opened. */
export function Counters({ devices, counters }: { devices: number; counters: LiveState['counters'] }) {
  const figures = [
    { name: 'devices', value: devices },
    { name: 'positions / min', value: counters.positionsPerMinute },
    { name: 'offers', value: counters.offers },
    { name: 'shown', value: counters.shown },
    { name: 'clicked', value: counters.clicked },
  ];
  return (
    <dl
      className="counters surface"
      title="Offers, shown and clicked count from the moment this page was opened"
    >
      {figures.map(({ name, value }) => (
        <div key={name} className={name === 'offers' ? 'counter counter-offers' : 'counter'}>
          <dt>{name}</dt>
          <dd>{value.toLocaleString()}</dd>
        </div>
      ))}
    </dl>
  );
}
