import type { QualityCounts } from '../../gateway/records/quality.ts';
import type { QuarantineCode } from '../../rules/readings/reading.ts';

/** What is counted of a device, in the order in which an operator wants to read it, with what it means. */
export const QUALITY_WORDS = {
  refused: { label: 'Refused', meaning: 'Could not be taken; it lies in quarantine.' },
  outOfRange: { label: 'Impossible values', meaning: 'Beyond what the device type allows; left out.' },
  wrongKind: { label: 'Wrong kind', meaning: 'A text for a number, or another unit; left out.' },
  kindChanged: { label: 'Kind changed', meaning: 'A metric that was a number is a text now, or the like.' },
  late: {
    label: 'Late',
    meaning: 'Older than two minutes, or than what had come before; stored, triggers nothing.',
  },
  clockCorrected: {
    label: 'Clock ahead',
    meaning: 'Over five minutes in the future; arrival time was taken.',
  },
  duplicates: { label: 'Repeated', meaning: 'Sent again; stored once.' },
  nullIsland: { label: 'At 0°, 0°', meaning: 'A receiver without a fix says so; kept and flagged.' },
  unknownMetrics: { label: 'Unknown metrics', meaning: 'Not described by the device type.' },
  unitConverted: { label: 'Units converted', meaning: 'Sent in another unit than the device type’s.' },
  retried: { label: 'Taken later', meaning: 'Came out of quarantine.' },
} as const satisfies Partial<Record<keyof QualityCounts, { label: string; meaning: string }>>;

export type QualityWord = keyof typeof QUALITY_WORDS;

/** Why a message was refused, for filters and names. */
export const CODE_LABELS: Readonly<Record<QuarantineCode, string>> = {
  bad_json: 'Not JSON',
  bad_shape: 'Wrong shape',
  bad_position: 'Impossible position',
  bad_metric: 'Bad metric',
  bad_time: 'Impossible time',
  too_large: 'Too large',
  unknown_type: 'Unknown device type',
  bad_encoding: 'Bad encoding',
};

const MINUTE_MS = 60_000;
const UNITS = [
  ['d', 1_440 * MINUTE_MS],
  ['h', 60 * MINUTE_MS],
  ['min', MINUTE_MS],
] as const;

/** A length of time in its largest unit, such as "2 h" or "1.5 d". */
export function spanInWords(ms: number): string {
  const [unit, size] = UNITS.find(([, unitMs]) => ms >= unitMs) ?? ['min', MINUTE_MS];
  return `${Number((ms / size).toPrecision(2)).toLocaleString()} ${unit}`;
}

/** How often something was wrong, such as "2.5 % of readings"; a reading may be wrong more than once. */
export function issuesInWords(issues: number, readings: number): string {
  if (issues === 0) return 'none';
  if (readings === 0) return `${issues.toLocaleString()}, and no reading`;
  const percent = (100 * issues) / readings;
  if (percent > 100) return `${issues.toLocaleString()} in ${readings.toLocaleString()} readings`;
  return percent < 0.1
    ? 'under 0.1 % of readings'
    : `${Number(percent.toPrecision(2)).toLocaleString()} % of readings`;
}
