/** What devices send up, as the bridge subscribes to it. Each of these belongs to one gateway of a group. */
const TELEMETRY_FILTERS = ['devices/+/telemetry'] as const;
/** The gateway that asked waits for the answer, whichever of a group it is: replies go to all. */
const REPLY_FILTERS = ['devices/+/commands/+/reply'] as const;

export interface Subscriptions {
  readonly wanted: readonly string[];
  /** The other way to subscribe to the same: a session that was made under other circumstances may still hold these. */
  readonly outdated: readonly string[];
}

/**
 * The filters to subscribe to.
 *
 * @param group name of the shared subscription (MQTT 5 §4.8.2), or null where the broker offers none
 * @param formerGroup the group whose subscriptions to drop where there is none now
 */
export function subscriptionsFor(group: string | null, formerGroup: string): Subscriptions {
  const shared = TELEMETRY_FILTERS.map((filter) => `$share/${group ?? formerGroup}/${filter}`);
  return group === null
    ? { wanted: [...TELEMETRY_FILTERS, ...REPLY_FILTERS], outdated: shared }
    : { wanted: [...shared, ...REPLY_FILTERS], outdated: TELEMETRY_FILTERS };
}
