import type { LinkListener } from '../../broker/device-link.ts';

/** Tells several of each connection, in this order. */
export function toldTogether(...listeners: readonly LinkListener[]): LinkListener {
  return {
    opened: (link) => listeners.forEach((listener) => void listener.opened(link)),
    subscribed: (link) => listeners.forEach((listener) => void listener.subscribed(link)),
    closed: (link, reason) => listeners.forEach((listener) => void listener.closed(link, reason)),
  };
}
