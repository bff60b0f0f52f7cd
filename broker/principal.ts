import { isCovered, isTopicFilter, isTopicName, matches } from './topic-filters.ts';
import * as device from './topics.ts';

/** Who is logged in, and with it what they may do. */
export type Principal =
  | { readonly kind: 'device'; readonly id: string }
  | {
      readonly kind: 'service';
      readonly id: string;
      /** Topic filters. */
      readonly publish: readonly string[];
      readonly subscribe: readonly string[];
    };

/** A user name that is known, and what is kept of the tokens that it may log in with (see credentials.ts). */
export interface KnownUser {
  readonly principal: Principal;
  readonly tokenHashes: readonly string[];
}

export function mayPublish(principal: Principal, topic: string): boolean {
  switch (principal.kind) {
    case 'device':
      return device.mayPublish(principal.id, topic);
    case 'service':
      return isTopicName(topic) && principal.publish.some((filter) => matches(filter, topic));
  }
}

/** Whether all that a filter would bring is allowed. */
export function maySubscribe(principal: Principal, filter: string): boolean {
  switch (principal.kind) {
    case 'device':
      return device.maySubscribe(principal.id, filter);
    case 'service':
      return isTopicFilter(filter) && isCovered(principal.subscribe, filter);
  }
}

/** Whether a message may be sent to somebody: the last word, also on what waited in a session. */
export function mayReceive(principal: Principal, topic: string): boolean {
  switch (principal.kind) {
    case 'device':
      return device.mayReceive(principal.id, topic);
    case 'service':
      return !topic.startsWith('$') && principal.subscribe.some((filter) => matches(filter, topic));
  }
}

/** The device whose telemetry a message to this topic is, where the principal may send it; else null. */
export function telemetryDeviceOf(principal: Principal, topic: string): string | null {
  const parsed = device.parseDeviceTopic(topic);
  return parsed?.kind === 'telemetry' && mayPublish(principal, topic) ? parsed.deviceId : null;
}
