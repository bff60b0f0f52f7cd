import { useEffect, useState } from 'react';
import type { DownlinkEvent, PresenceRecord } from '../api/shapes.ts';
import { useLiveFeed } from './use-live.ts';

/** Presence that is heard of is drawn at most this often. */
const DRAW_INTERVAL_MS = 500;
/** Devices of which it is kept; pages show far fewer. */
const MAX_DEVICES = 10_000;

/** Calls back for each event on the way to one device. `take` should be stable, or it is subscribed anew. */
export function useDownlinkEvents(device: string, take: (event: DownlinkEvent) => void): void {
  const feed = useLiveFeed();
  useEffect(
    () =>
      feed.onDownlink((event) => {
        if (event.device === device) take(event);
      }),
    [feed, device, take],
  );
}

/** Presence of devices as heard on the live stream since the page was opened. */
export function useLivePresence(): ReadonlyMap<string, PresenceRecord> {
  const feed = useLiveFeed();
  const [presence, setPresence] = useState<ReadonlyMap<string, PresenceRecord>>(new Map());
  useEffect(() => {
    const heard = new Map<string, PresenceRecord>();
    let timer: ReturnType<typeof setTimeout> | null = null;
    const stop = feed.onDownlink((event) => {
      if (event.kind !== 'presence') return;
      heard.delete(event.device);
      heard.set(event.device, event);
      if (heard.size > MAX_DEVICES) heard.delete(heard.keys().next().value as string);
      timer ??= setTimeout(() => {
        timer = null;
        setPresence(new Map(heard));
      }, DRAW_INTERVAL_MS);
    });
    return () => {
      stop();
      if (timer !== null) clearTimeout(timer);
    };
  }, [feed]);
  return presence;
}
