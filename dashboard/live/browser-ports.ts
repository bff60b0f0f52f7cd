import type { LiveFeedPorts } from './live-feed.ts';

/** The feed's ports in a real browser. */
export const browserPorts: LiveFeedPorts = {
  open: () => new EventSource('/api/v1/live'),
  now: () => performance.now(),
  later(run, afterMs) {
    const timer = setTimeout(run, afterMs);
    return () => clearTimeout(timer);
  },
};
