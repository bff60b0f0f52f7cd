import { faultWords } from '../faults/fault-words.ts';
import { drawHistogram, milliseconds } from './draw-histogram.ts';
import type { LoadProgress, LoadResult } from './load.ts';

const PERCENTILES = { p50: 0.5, p90: 0.9, p99: 0.99, p999: 0.999 } as const;

/** Of the readings that were due, from which on the rate counts as held: timers are late now and then. */
const RATE_HELD = 0.95;

/** Of what the gateway has nothing is known where it could not be asked. */
const NOT_KNOWN = {
  stored: null,
  lost: null,
  duplicated: null,
  missing: null,
  quarantined: null,
  late: null,
  clockCorrected: null,
  unflagged: null,
} as const;

export function progressLine(progress: LoadProgress): string {
  const { sent, acked, inFlight, connected, taken, lag, lastError } = progress;
  const told = (value: number | null) => value ?? '?';
  const trouble = lastError === null ? '' : `  (${lastError})`;
  return `connected ${connected}  sent ${sent}  acked ${acked}  in flight ${inFlight}  taken ${told(taken)}  lag ${told(lag)}${trouble}`;
}

/** The result as one JSON object; `done` tells it from progress. */
export function resultDocument(result: LoadResult): object {
  const { latency, seconds, ...counts } = result;
  const known = result.notCompared === null ? counts : { ...counts, ...NOT_KNOWN };
  return {
    done: true,
    ...known,
    seconds: Number(seconds.toFixed(3)),
    latencyMs: {
      ...Object.fromEntries(
        Object.entries(PERCENTILES).map(([name, part]) => [
          name,
          Number(latency.percentileMs(part).toFixed(3)),
        ]),
      ),
      max: Number(latency.largestMs.toFixed(3)),
    },
  };
}

/** The result for people. */
export function resultLines(result: LoadResult, qos: 0 | 1 | 2): readonly string[] {
  const { latency, faults } = result;
  const percentiles = Object.entries(PERCENTILES).map(
    ([name, part]) => `${name === 'p999' ? 'p99.9' : name} ${milliseconds(latency.percentileMs(part))}`,
  );
  const hasFaults = result.cut + Object.values(faults).reduce((sum, count) => sum + count, 0) > 0;
  return [
    '',
    `QoS ${qos}: ${result.sent} messages sent in ${result.seconds.toFixed(1)} s (${Math.round(result.sent / result.seconds)} a second)${result.errors > 0 ? `, ${result.errors} failed` : ''}`,
    ...(result.made < result.due * RATE_HELD
      ? [
          `the rate was not held: ${result.due} readings were due, and ${result.made} could be sent; of those that waited no latency is known`,
        ]
      : []),
    `latency to ${qos === 0 ? 'the socket' : 'the acknowledgement'}: ${percentiles.join('  ')}  max ${milliseconds(latency.largestMs)}`,
    ...drawHistogram(latency),
    '',
    ...(hasFaults
      ? [`faults: ${faultWords({ ...faults, cut: result.cut })}  reconnects ${result.reconnects}`]
      : []),
    ...(result.notCompared === null
      ? storedLines(result, qos)
      : notComparedLines(result, result.notCompared)),
  ];
}

function notComparedLines(result: LoadResult, why: string): readonly string[] {
  return [
    `readings acknowledged ${result.acknowledged}  unacknowledged ${result.unacknowledged}  stored ?`,
    `NOT KNOWN whether everything that was acknowledged is there: ${why}`,
  ];
}

function storedLines(result: LoadResult, qos: 0 | 1 | 2): readonly string[] {
  return [
    `readings acknowledged ${result.acknowledged}  unacknowledged ${result.unacknowledged}  stored ${result.stored}`,
    `lost ${result.lost}  duplicated ${result.duplicated}  quarantined ${result.quarantined} (garbage acknowledged ${result.garbageAcknowledged})${qos === 0 ? `  missing ${result.missing} (QoS 0 promises nothing)` : ''}`,
    ...(result.late + result.clockCorrected + result.unflagged > 0
      ? [
          `late ${result.late}  clock corrected ${result.clockCorrected}  not flagged as they should be ${result.unflagged}`,
        ]
      : []),
    result.ok
      ? 'OK: everything that was acknowledged is there, once.'
      : `NOT OK: ${troubles(result).join('; ')}`,
  ];
}

function troubles(result: LoadResult): readonly string[] {
  const { lost, duplicated, quarantined, garbageAcknowledged, unflagged, behind } = result;
  // Not yet stored is not lost, and 60 s may be too short for a store that was away.
  const notYet = behind > 0 ? ` yet, and the gateway is ${behind} numbers behind: give --settle more` : '';
  return [
    lost > 0 ? `${lost} acknowledged readings are not there${notYet}` : '',
    duplicated > 0 ? `${duplicated} readings are there twice` : '',
    quarantined < garbageAcknowledged
      ? `${garbageAcknowledged - quarantined} bad messages are not in quarantine`
      : '',
    unflagged > 0 ? `${unflagged} readings of wrong clocks have no flag` : '',
  ].filter((text) => text !== '');
}
