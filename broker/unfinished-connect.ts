import { Buffer } from 'node:buffer';
import type { Client } from 'aedes';
import { connectionOf } from './connection.ts';

/** [MQTT 3.1.1 §3.2.2.3], "the Network Connection has been made but the MQTT service is unavailable". */
const CONNACK_UNAVAILABLE = Buffer.of(0x20, 2, 0, 3);

interface Connecting {
  /** Its login was good. */
  readonly _authorized?: boolean;
  readonly connackSent: boolean;
  will?: object | null;
}

/**
 * A CONNECT that fails behind its login, as when the will can't be written, is told so: Aedes closes without a word, so that a device
 * would take it for a bad network, and publishes the will of a connection that never was [MQTT-3.1.2-8].
 *
 * @param takeBackWill has it forgotten, as far as it was kept
 */
export function refuseUnfinished(client: Client, takeBackWill: () => void): void {
  const connection = connectionOf(client);
  const connecting = client as unknown as Connecting;
  const dropWill = () => {
    if (!isUnfinished(client) || !connecting.will) return;
    connecting.will = null;
    takeBackWill();
  };
  // Before Aedes' own listeners, which close the client.
  client.prependListener('error', () => {
    dropWill();
    if (isUnfinished(client)) connection.send(CONNACK_UNAVAILABLE);
  });
  connection.prependListener('end', dropWill);
  connection.prependListener('close', dropWill);
}

/** Whether its login was good, and its CONNECT has had no answer from Aedes. */
export function isUnfinished(client: Client): boolean {
  const { _authorized: authorized, connackSent } = client as unknown as Connecting;
  return authorized === true && !connackSent;
}
