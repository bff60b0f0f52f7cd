import type { Codec, StatefulCodec } from './codec.ts';

/** Whose a topic is. An alias is what a device is registered as in a dialect, written as its topics begin. */
export interface Route {
  /** The alias that the sender must have; null: every device may publish here. */
  readonly sender: string | null;
  /** The alias of the device that is spoken about, where that may be another than the sender; else null. */
  readonly subject: string | null;
}

/** A payload dialect with topics of its own. Each is one file and one line in `dialects.ts`. */
export interface Dialect {
  /** For people. */
  readonly name: string;
  /** What its topics, filters and aliases begin with, up to a slash; no two dialects share it. */
  readonly prefix: string;
  /** The topics on which telemetry comes, as a filter. */
  readonly telemetryFilter: string;
  readonly decoding:
    | { readonly kind: 'plain'; readonly codec: Codec }
    | { readonly kind: 'stateful'; readonly codec: StatefulCodec };
  /** What an alias looks like, for whoever has to write one; null where the dialect needs none. */
  readonly aliasForm: string | null;
  /** Whether a text may be registered as an alias of this dialect. */
  isAlias(text: string): boolean;
  /** Whose telemetry a message to this topic is, or null where none comes there. */
  route(topic: string): Route | null;
  /** Whether a message to this topic answers what the gateway sent, or asks it something; such messages need no alias. */
  isAnswer?(topic: string): boolean;
  /** What the gateway says of itself when it begins, retained, for devices that look for it. @param at real time, epoch ms */
  greeting?(at: number): { readonly topic: string; readonly payload: string };
  /** Whether a device may subscribe to a filter. @param isOwn whether an alias is registered as that device's */
  maySubscribe(filter: string, isOwn: (alias: string) => boolean): boolean;
}

/**
 * A level of a topic as an alias may have it: 1 to 64 letters (any script), digits and plain signs; no wildcards, no
 * control characters.
 */
const LEVEL = /^[\p{L}\p{N}._:@ -]{1,64}$/u;

/** Whether a text may be a level of a dialect's topic that a device chose. */
export function isLevel(text: string | undefined): text is string {
  return text !== undefined && LEVEL.test(text);
}

/** Whether a text may stand below a device's own topics in a filter: a level or a wildcard, once or not at all. */
export function isBelow(levels: readonly string[]): boolean {
  return (
    levels.length === 0 || (levels.length === 1 && /^([+#]|[\p{L}\p{N}._:@ -]{1,64})$/u.test(levels[0] ?? ''))
  );
}

/** Whether a text is `prefix` and then one of these numbers of levels. */
export function isAliasOf(prefix: string, text: string, levels: readonly number[]): boolean {
  if (!text.startsWith(prefix)) return false;
  const own = text.slice(prefix.length).split('/');
  return levels.includes(own.length) && own.every((level) => LEVEL.test(level));
}
