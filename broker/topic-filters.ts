import { MAX_TOPIC_BYTES } from './topics.ts';

/** Deepest filter and topic that a service account may use; each level costs a step of the broker's matcher. */
const MAX_LEVELS = 32;
/** U+0000 [MQTT-1.5.3-2], and the rest of the control characters and non-characters, which the standard lets a server refuse. */
const UNSAFE = /[\p{Cc}\p{Cs}\u{FFFD}\u{FFFE}\u{FFFF}]/u;

/**
 * Whether a text is a topic that may be published to: no wildcards [MQTT-3.3.2-2], no control characters, and none of the
 * broker's own topics, which begin with `$`.
 */
export function isTopicName(text: string): boolean {
  return isUsable(text) && !/[+#]/.test(text);
}

/** Whether a text is a topic filter: `#` only as the last level, `+` and `#` only as whole levels [MQTT-4.7.1-2, -3]. */
export function isTopicFilter(text: string): boolean {
  if (!isUsable(text)) return false;
  const levels = text.split('/');
  return levels.every((level, index) => {
    if (level === '#') return index === levels.length - 1;
    return level === '+' || !/[+#]/.test(level);
  });
}

function isUsable(text: string): boolean {
  return (
    text !== '' &&
    Buffer.byteLength(text) <= MAX_TOPIC_BYTES &&
    !text.startsWith('$') &&
    !UNSAFE.test(text) &&
    text.split('/').length <= MAX_LEVELS
  );
}

/** Whether a topic that does not begin with `$` matches a filter (MQTT 3.1.1 §4.7). */
export function matches(filter: string, topic: string): boolean {
  return covers(filter.split('/'), topic.split('/'));
}

/**
 * Whether every topic that matches `requested` also matches one of `allowed`.
 *
 * Exact, for the levels of a topic are any text: a topic of `requested` with fresh words for its wildcards is matched only by
 * a filter that has wildcards in their place too, and so covers them all. `a/#` alone stands for topics of every depth, and
 * different filters may cover these: it is asked as `a`, `a/+`, `a/+/+` and so on until only filters with `#` are left.
 */
export function isCovered(allowed: readonly string[], requested: string): boolean {
  const wanted = requested.split('/');
  const filters = allowed.map((filter) => filter.split('/'));
  const coversOne = (levels: readonly string[]) => filters.some((filter) => covers(filter, levels));
  if (wanted.at(-1) !== '#') return coversOne(wanted);
  const stem = wanted.slice(0, -1);
  const deepest = Math.max(0, ...filters.map((filter) => filter.length));
  for (const levels = [...stem]; levels.length <= Math.max(deepest, stem.length) + 1; levels.push('+')) {
    if (levels.length > 0 && !coversOne(levels)) return false;
  }
  return true;
}

/** Whether some topic matches both filters. */
export function overlap(one: string, other: string): boolean {
  const [a, b] = [one.split('/'), other.split('/')];
  for (let level = 0; ; level += 1) {
    const [left, right] = [a[level], b[level]];
    if (left === '#' || right === '#') return true;
    if (left === undefined || right === undefined) return left === right;
    if (left !== right && left !== '+' && right !== '+') return false;
  }
}

/** Whether a filter takes in all that `wanted` names, which has no `#`; a `+` in it stands for any word. */
function covers(filter: readonly string[], wanted: readonly string[]): boolean {
  for (const [index, level] of filter.entries()) {
    // `a/#` also matches `a` itself (§4.7.1.2).
    if (level === '#') return true;
    const want = wanted[index];
    if (want === undefined || (level !== '+' && level !== want)) return false;
  }
  return filter.length === wanted.length;
}
