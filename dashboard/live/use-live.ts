import { createContext, useContext, useSyncExternalStore } from 'react';
import type { LiveFeed, LiveState } from './live-feed.ts';

/** The one feed of the page; the console's shell provides it. */
export const LiveFeedContext = createContext<LiveFeed | null>(null);

/** The feed itself; throws outside the shell. */
export function useLiveFeed(): LiveFeed {
  const feed = useContext(LiveFeedContext);
  if (feed === null) throw new Error('no live feed around this component');
  return feed;
}

/** The feed's state, drawn anew when it changes. */
export function useLive(): LiveState {
  const feed = useLiveFeed();
  return useSyncExternalStore(feed.subscribe, feed.state);
}
