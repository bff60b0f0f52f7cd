import type { Dialect } from './codecs/dialect.ts';
import { ownTracks } from './codecs/owntracks.ts';
import { sparkplug } from './codecs/sparkplug.ts';
import { thingsBoard } from './codecs/thingsboard.ts';

/**
 * The dialects with topics of their own. What comes on `devices/{id}/telemetry` is told apart by its bytes instead, in
 * `codecs/native.ts`.
 */
export const DIALECTS: readonly Dialect[] = [ownTracks, sparkplug, thingsBoard];

/** The dialect whose a topic, a filter or an alias is, or null. */
export function dialectOf(topic: string): Dialect | null {
  return DIALECTS.find(({ prefix }) => topic.startsWith(prefix)) ?? null;
}

/** The aliases of one device, and of those that it speaks for, with the id of the device that each is. */
export type Aliases = ReadonlyMap<string, string>;

export const NO_ALIASES: Aliases = new Map();

/** The device whose telemetry a device's message on a dialect's topic is; null where the device may not publish there. */
export function dialectDeviceOf(deviceId: string, aliases: Aliases, topic: string): string | null {
  const route = dialectOf(topic)?.route(topic) ?? null;
  if (route === null) return null;
  if (route.sender !== null && aliases.get(route.sender) !== deviceId) return null;
  return (route.subject === null ? undefined : aliases.get(route.subject)) ?? deviceId;
}

/** Whether a device's message is one that the gateway takes beside telemetry. */
export function isDialectAnswer(topic: string): boolean {
  return dialectOf(topic)?.isAnswer?.(topic) ?? false;
}

/** Whether a device may be sent what was published to a topic of a dialect. Where all devices share the topics, nothing is. */
export function mayReceiveInDialect(deviceId: string, aliases: Aliases, topic: string): boolean {
  return dialectOf(topic)?.aliasForm !== null && maySubscribeInDialect(deviceId, aliases, topic);
}

/** Whether a device may subscribe to a filter of a dialect. */
export function maySubscribeInDialect(deviceId: string, aliases: Aliases, filter: string): boolean {
  return dialectOf(filter)?.maySubscribe(filter, (alias) => aliases.get(alias) === deviceId) ?? false;
}

/**
 * The aliases by which a topic's device may be known where its sender says nothing of it (a bridge, a service account), the
 * closest first; empty where the topic is none of telemetry.
 */
export function aliasesOfTopic(topic: string): readonly string[] {
  const route = dialectOf(topic)?.route(topic) ?? null;
  return route === null ? [] : [route.subject, route.sender].filter((alias) => alias !== null);
}
