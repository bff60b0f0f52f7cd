/** What devices send up. With a group, each message goes to one gateway of it. */
const TELEMETRY_FILTERS = ['devices/+/telemetry'] as const;
/** The gateway that asked waits for the answer, whichever of a group it is: replies go to all. */
const REPLY_FILTERS = ['devices/+/commands/+/reply'] as const;

/**
 * The filters to subscribe to.
 *
 * @param group name of the shared subscription (MQTT 5 §4.8.2), or null for one that is not shared
 */
export function filtersFor(group: string | null): readonly string[] {
  const telemetry = TELEMETRY_FILTERS.map((filter) =>
    group === null ? filter : `$share/${group}/${filter}`,
  );
  return [...telemetry, ...REPLY_FILTERS];
}
