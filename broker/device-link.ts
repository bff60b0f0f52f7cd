import type { EndReason } from './end-reason.ts';
import type { Principal } from './principal.ts';

/** A message for one connection. */
export interface LinkMessage {
  readonly topic: string;
  readonly payload: string | Uint8Array;
  readonly qos: 0 | 1;
  /** It was sent before [MQTT-3.3.1-1]. */
  readonly dup: boolean;
}

/** `acknowledged` by PUBACK; `written` where QoS 0 asks for none; `lost` where the connection ended before. */
export type LinkOutcome = 'acknowledged' | 'written' | 'lost';

/** One logged-in connection, as the gateway behind the broker sees it. */
export interface DeviceLink {
  readonly principal: Principal;
  readonly clientId: string;
  /** Filters that are granted now, and their QoS. */
  subscriptions(): ReadonlyMap<string, number>;
  /** When anything was heard last, real time, epoch ms; to half a second. */
  lastHeardAt(): number;
  /** Sends to this connection alone, past its session's queue: the caller keeps the message, and sends it again if it must. */
  send(message: LinkMessage): Promise<LinkOutcome>;
}

/** Told of connections; each call is made in order for a link, and must not throw. */
export interface LinkListener {
  opened(link: DeviceLink): void;
  /** Subscriptions were granted, after their SUBACK; also called for those of a session that resumes. */
  subscribed(link: DeviceLink): void;
  closed(link: DeviceLink, reason: EndReason): void;
}
