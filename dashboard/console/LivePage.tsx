import { SegmentedControl, Skeleton, Switch, Tabs } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { lazy, Suspense, useEffect, useState } from 'react';
import { request } from '../api/request.ts';
import type { Decision, Delivery, MapSettings, Page } from '../api/shapes.ts';
import { useLive, useLiveFeed } from '../live/use-live.ts';
import { Trouble } from '../look/Trouble.tsx';
import { Counters } from './Counters.tsx';
import { DecisionFeed } from './DecisionFeed.tsx';
import { DeviceList } from './DeviceList.tsx';
import { CellsPanel } from './live-map/CellsPanel.tsx';
import { useCells } from './live-map/use-cells.ts';
import { whyNoMap } from './live-map/webgl.ts';

const LiveMap = lazy(() => import('./live-map/LiveMap.tsx').then((module) => ({ default: module.LiveMap })));

/** The map with what happens now, and beside it the offers as they are decided and the devices as a list. */
export function LivePage() {
  const feed = useLiveFeed();
  const { devices, decisions, counters } = useLive();
  const [selected, setSelected] = useState<string | null>(null);
  const [tab, setTab] = useState<string | null>('offers');
  const [shows, setShows] = useState('offers');
  const [noMap] = useState(whyNoMap);
  useEarlierDecisions();
  const settings = useQuery({
    queryKey: ['map'],
    queryFn: () => request<MapSettings>('GET', '/api/v1/map'),
    enabled: noMap === null,
    staleTime: Infinity,
  });
  const list = <DeviceList devices={devices} selected={selected} onSelect={setSelected} />;
  const listed = shows === 'offers' ? decisions.filter(({ outcome }) => outcome === 'sent') : decisions;
  return (
    <div className="live">
      <h1 className="visually-hidden">Live</h1>
      <section className="live-stage" aria-label="Live map">
        <Counters devices={devices.length} counters={counters} />
        {noMap !== null && (
          <div className="live-list">
            <p className="soft">{noMap}</p>
            <CellsWithoutMap />
            {list}
          </div>
        )}
        {noMap === null && settings.isError && (
          <Trouble error={settings.error} onRetry={() => settings.refetch()} />
        )}
        {noMap === null && settings.data !== undefined && (
          <Suspense
            fallback={<Skeleton className="map-waiting" role="status" aria-label="Loading the map" />}
          >
            <LiveMap feed={feed} settings={settings.data} selected={selected} onSelect={setSelected} />
          </Suspense>
        )}
      </section>
      <aside className="live-side" aria-label="What happens">
        <Tabs value={tab} onChange={setTab} className="live-tabs">
          <Tabs.List grow>
            <Tabs.Tab value="offers">Offers</Tabs.Tab>
            <Tabs.Tab value="devices">Devices ({devices.length})</Tabs.Tab>
          </Tabs.List>
          <Tabs.Panel value="offers">
            <SegmentedControl
              className="live-filter"
              size="xs"
              fullWidth
              aria-label="Which decisions"
              value={shows}
              onChange={setShows}
              data={[
                { value: 'offers', label: 'Offers sent' },
                { value: 'all', label: 'All decisions' },
              ]}
            />
            <DecisionFeed decisions={listed} onSelect={setSelected} />
          </Tabs.Panel>
          <Tabs.Panel value="devices">{tab === 'devices' && list}</Tabs.Panel>
        </Tabs>
      </aside>
    </div>
  );
}

/** The coarse grid as a list, where somebody asks for it. */
function CellsWithoutMap() {
  const [isOpen, setOpen] = useState(false);
  const { data, error } = useCells(isOpen, null);
  return (
    <>
      <Switch
        label="Where devices were"
        checked={isOpen}
        onChange={(event) => setOpen(event.currentTarget.checked)}
      />
      {isOpen && <CellsPanel answer={data} error={error} isOnMap={false} />}
    </>
  );
}

const EARLIER = 50;

/** What was decided before the page was opened, so that the feed does not begin empty. */
function useEarlierDecisions(): void {
  const feed = useLiveFeed();
  const { data } = useQuery({
    queryKey: ['earlier-decisions'],
    queryFn: async () => {
      const [decisions, deliveries] = await Promise.all([
        request<Page<Decision>>('GET', `/api/v1/decisions?limit=${EARLIER}`),
        request<Page<Delivery>>('GET', `/api/v1/deliveries?limit=${EARLIER}`),
      ]);
      return {
        decisions: decisions.items,
        states: new Map(deliveries.items.map(({ id, state }) => [id, state])),
      };
    },
    staleTime: Infinity,
  });
  useEffect(() => {
    if (data !== undefined) feed.seed(data.decisions, data.states);
  }, [feed, data]);
}
