import type { FaultCounts } from '../faults/faulty-device.ts';
import type { StoredOfDevice } from './stored.ts';

/** A device that said so much, and what the gateway has of it. */
export interface ComparedDevice {
  readonly made: number;
  readonly unacknowledged: number;
  readonly garbageAcknowledged: number;
  readonly clockSkewMs: number;
  readonly stored: StoredOfDevice;
}

/** What a load has shown. Counts are of readings unless they say otherwise. */
export interface Verdict {
  /** Whether everything that was acknowledged is there, once, and every fault was treated as it should be. */
  readonly ok: boolean;
  readonly acknowledged: number;
  /** Sent, and not acknowledged by the end. */
  readonly unacknowledged: number;
  readonly stored: number;
  /** Acknowledged and not stored. At QoS 0, where nothing is promised, 0. */
  readonly lost: number;
  readonly duplicated: number;
  /** At QoS 0: written to the socket and not stored. */
  readonly missing: number;
  /** Messages. */
  readonly quarantined: number;
  readonly garbageAcknowledged: number;
  readonly late: number;
  readonly clockCorrected: number;
  /** Readings whose flag has to be there, for their device's clock is that wrong, and is not. */
  readonly unflagged: number;
  readonly faults: FaultCounts;
}

/** The gateway corrects a clock that is further ahead, and calls late what is older (design, MQTT contract). */
const CORRECTED_BEYOND_MS = 5 * 60_000;
const LATE_BEYOND_MS = 2 * 60_000;
/** Nearer to a limit, it depends on how long a reading was on its way. */
const MARGIN_MS = 60_000;

/** @param withFlags whether the flags of readings were asked for */
export function verdictOf(
  devices: readonly ComparedDevice[],
  qos: 0 | 1 | 2,
  faults: FaultCounts,
  withFlags: boolean,
): Verdict {
  const sum = (of: (device: ComparedDevice) => number) =>
    devices.reduce((total, device) => total + of(device), 0);
  const absent = sum(({ stored }) => stored.lost);
  const lost = qos === 0 ? 0 : absent;
  const duplicated = sum(({ stored }) => stored.duplicated);
  const quarantined = sum(({ stored }) => stored.quarantined);
  const garbageAcknowledged = qos === 0 ? 0 : sum((device) => device.garbageAcknowledged);
  const unflagged = withFlags ? sum(unflaggedOf) : 0;
  const unacknowledged = sum((device) => device.unacknowledged);
  return {
    ok: lost === 0 && duplicated === 0 && quarantined >= garbageAcknowledged && unflagged === 0,
    acknowledged: sum(({ made }) => made) - unacknowledged,
    unacknowledged: unacknowledged - faults.dropped,
    stored: sum(({ stored }) => stored.stored),
    lost,
    duplicated,
    missing: qos === 0 ? absent : 0,
    quarantined,
    garbageAcknowledged,
    late: sum(({ stored }) => stored.late),
    clockCorrected: sum(({ stored }) => stored.clockCorrected),
    unflagged,
    faults,
  };
}

/** What is known without the gateway: what was acknowledged. It is not ok, and of what is stored it says nothing. */
export function unknownVerdict(
  devices: readonly Omit<ComparedDevice, 'stored'>[],
  qos: 0 | 1 | 2,
  faults: FaultCounts,
): Verdict {
  const stored = { stored: 0, lost: 0, duplicated: 0, quarantined: 0, late: 0, clockCorrected: 0 };
  const compared = devices.map((device) => ({ ...device, stored }));
  return { ...verdictOf(compared, qos, faults, false), ok: false };
}

function unflaggedOf({ clockSkewMs, stored }: ComparedDevice): number {
  if (clockSkewMs > CORRECTED_BEYOND_MS + MARGIN_MS)
    return Math.max(0, stored.stored - stored.clockCorrected);
  if (clockSkewMs < -LATE_BEYOND_MS) return Math.max(0, stored.stored - stored.late);
  return 0;
}
