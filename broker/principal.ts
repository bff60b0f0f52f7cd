import {
  type Aliases,
  dialectDeviceOf,
  dialectOf,
  isDialectAnswer,
  mayReceiveInDialect,
  maySubscribeInDialect,
  NO_ALIASES,
} from './dialects.ts';
import { isCovered, isTopicFilter, isTopicName, matches } from './topic-filters.ts';
import * as device from './topics.ts';

/** Who is logged in, and with it what they may do. */
export type Principal =
  | {
      readonly kind: 'device';
      readonly id: string;
      /** What it is called in other dialects, and the devices behind it; none where absent. */
      readonly aliases?: Aliases;
    }
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
  /** It came in by a fleet key, which goes on opening its id until it has used a token of its own. */
  readonly awaitsToken?: boolean;
}

/** What somebody logged in with, so that what is revoked can be disconnected. */
export type Credential =
  | { readonly kind: 'token'; readonly hash: string }
  | { readonly kind: 'fleet-key'; readonly id: string }
  | { readonly kind: 'certificate' };

export function mayPublish(principal: Principal, topic: string): boolean {
  switch (principal.kind) {
    case 'device':
      return (
        device.mayPublish(principal.id, topic) ||
        dialectDeviceOf(principal.id, principal.aliases ?? NO_ALIASES, topic) !== null ||
        isDialectAnswer(topic)
      );
    case 'service':
      // A topic that says `me` is that of every device.
      return (
        isTopicName(topic) &&
        dialectOf(topic)?.aliasForm !== null &&
        principal.publish.some((filter) => matches(filter, topic))
      );
  }
}

/** Whether all that a filter would bring is allowed. */
export function maySubscribe(principal: Principal, filter: string): boolean {
  switch (principal.kind) {
    case 'device':
      return (
        device.maySubscribe(principal.id, filter) ||
        maySubscribeInDialect(principal.id, principal.aliases ?? NO_ALIASES, filter)
      );
    case 'service':
      return isTopicFilter(filter) && isCovered(principal.subscribe, filter);
  }
}

/** Whether a message may be sent to somebody: the last word, also on what waited in a session. */
export function mayReceive(principal: Principal, topic: string): boolean {
  switch (principal.kind) {
    case 'device':
      return (
        device.mayReceive(principal.id, topic) ||
        mayReceiveInDialect(principal.id, principal.aliases ?? NO_ALIASES, topic)
      );
    case 'service':
      return !topic.startsWith('$') && principal.subscribe.some((filter) => matches(filter, topic));
  }
}

/** The device whose telemetry a message to this topic is, where the principal may send it; else null. */
export function telemetryDeviceOf(principal: Principal, topic: string): string | null {
  if (principal.kind === 'device' && dialectOf(topic) !== null) {
    return dialectDeviceOf(principal.id, principal.aliases ?? NO_ALIASES, topic);
  }
  const parsed = device.parseDeviceTopic(topic);
  return parsed?.kind === 'telemetry' && mayPublish(principal, topic) ? parsed.deviceId : null;
}
