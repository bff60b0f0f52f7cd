import { DIALECTS } from '../../broker/dialects.ts';

const TELEMETRY = 'devices/+/telemetry';
/** The gateway that asked waits for the answer, whichever of a group it is: answers go to all. */
const ANSWERS = ['devices/+/commands/+/reply', 'devices/+/config/reported'];

export interface Filters {
  /** Without these there is no bridge. */
  readonly needed: readonly string[];
  /** A broker that refuses these has none of their devices, or has its reasons. */
  readonly welcome: readonly string[];
}

/**
 * The filters to subscribe to: what devices publish, in every dialect that names the device in its topics.
 *
 * @param group name of the shared subscription (MQTT 5 §4.8.2), of which each message goes to one gateway; null for none.
 *   Dialects whose messages build on one another are left out in a group: one gateway has to see them all.
 */
export function filtersFor(group: string | null): Filters {
  const share = (filter: string) => (group === null ? filter : `$share/${group}/${filter}`);
  const dialects = DIALECTS.filter(
    ({ aliasForm, decoding }) => aliasForm !== null && (group === null || decoding.kind === 'plain'),
  );
  return {
    needed: [share(TELEMETRY), ...ANSWERS],
    welcome: dialects.map(({ telemetryFilter }) => share(telemetryFilter)),
  };
}
