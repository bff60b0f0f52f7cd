import { SUPPRESSION_REASONS } from '../../../rules/step.ts';
import { DAY_MS, HOUR_MS } from '../../../rules/time/duration.ts';
import type { BacktestReport, SentOrNot } from '../../backtest/report.ts';

const BAR_WIDTH = 32;
/** More hours than this are told by the day. */
const MOST_HOURS = 48;
const MOST_DAYS = 60;
const MOST_PLACES = 20;

/** One line on how far it is. */
export function progressLine({ state, progress, positions, decisions }: BacktestReport): string {
  if (state === 'waiting') return 'waits for another backtest to end';
  return `${percent(progress)}  ${number(positions)} positions, ${number(decisions.sent)} offers`;
}

/** The report as people read it. */
export function reportLines(report: BacktestReport): readonly string[] {
  const { rule, ruleVersion, from, to, state, alone, otherRules } = report;
  const beside = alone
    ? 'alone'
    : `beside ${count(otherRules.rules, 'other live rule')}, which sent ${number(otherRules.sent)}`;
  const version = ruleVersion === null ? 'not saved' : `version ${ruleVersion}`;
  return [
    `${rule} (${version}), ${minute(from)} to ${minute(to)} UTC, ${beside}`,
    ...(state === 'done' ? [] : [`${state}: counted up to ${percent(report.progress)} of that time`]),
    `${number(report.positions)} positions in ${number(report.readings)} readings of ${count(report.devices, 'device')}, ${count(report.consumers, 'consumer')}`,
    '',
    ...funnelLines(report),
    ...chartLines(report),
    ...tableLines('place', report.perPlace.slice(0, MOST_PLACES), ({ place, name }) =>
      name === place ? place : `${name} (${place})`,
    ),
    ...(report.perPlace.length > MOST_PLACES || report.truncated.perPlace
      ? ['  … and more; --json has up to 1,000', '']
      : []),
    ...tableLines('variant', report.perVariant, ({ variant }) => variant),
    ...report.notes.map((note) => `* ${note}`),
  ];
}

/** What was left after each reason, in the order in which they are tried. */
function funnelLines({ decisions, consumersReached }: BacktestReport): readonly string[] {
  const { sent, suppressed } = decisions;
  const reasons = SUPPRESSION_REASONS.flatMap((reason) => {
    const times = suppressed[reason] ?? 0;
    return times === 0 ? [] : [{ label: reason, times }];
  });
  const all = reasons.reduce((sum, { times }) => sum + times, sent);
  if (all === 0) return ['The rule was never tried: nothing that triggers it happened.', ''];
  const rows = [{ label: 'decisions', times: all }, ...reasons, { label: 'sent', times: sent }];
  const width = Math.max(...rows.map(({ label }) => label.length));
  const digits = number(all).length;
  return [
    ...rows.map(({ label, times }) => {
      const to = label === 'sent' ? `  to ${count(consumersReached, 'consumer')}` : '';
      return `  ${label.padEnd(width)}  ${number(times).padStart(digits)}  ${bar(times, all)}${to}`.trimEnd();
    }),
    '',
  ];
}

/** Offers by the hour, or by the day where that would be too many. */
function chartLines({ from, to, perHour }: BacktestReport): readonly string[] {
  const spanMs = to - from;
  const stepMs =
    spanMs <= MOST_HOURS * HOUR_MS ? HOUR_MS : DAY_MS * Math.max(1, Math.ceil(spanMs / DAY_MS / MOST_DAYS));
  const first = Math.floor(from / stepMs);
  const steps = Math.ceil(to / stepMs) - first;
  const buckets = Array.from({ length: steps }, () => ({ sent: 0, suppressed: 0 }));
  for (const { at, sent, suppressed } of perHour) {
    const bucket = buckets[Math.floor(at / stepMs) - first];
    if (bucket === undefined) continue;
    bucket.sent += sent;
    bucket.suppressed += suppressed;
  }
  const most = Math.max(...buckets.map(({ sent }) => sent));
  if (most === 0) return [];
  const digits = number(most).length;
  return [
    stepMs === HOUR_MS ? 'offers by the hour (UTC)' : 'offers by the day (UTC)',
    ...buckets.map(({ sent }, index) => {
      const at = (first + index) * stepMs;
      const label = stepMs === HOUR_MS ? minute(at) : minute(at).slice(0, 10);
      return `  ${label}  ${number(sent).padStart(digits)}  ${bar(sent, most)}`.trimEnd();
    }),
    '',
  ];
}

function tableLines<T extends SentOrNot>(
  what: string,
  rows: readonly T[],
  labelOf: (row: T) => string,
): readonly string[] {
  if (rows.length === 0) return [];
  const labels = rows.map(labelOf);
  const width = Math.max(what.length, ...labels.map((label) => label.length));
  return [
    `  ${what.padEnd(width)}  ${'sent'.padStart(9)}  suppressed`,
    ...rows.map(
      ({ sent, suppressed }, index) =>
        `  ${(labels[index] ?? '').padEnd(width)}  ${number(sent).padStart(9)}  ${number(suppressed).padStart(10)}`,
    ),
    '',
  ];
}

function bar(value: number, most: number): string {
  return '█'.repeat(value === 0 ? 0 : Math.max(1, Math.round((value / most) * BAR_WIDTH)));
}

const number = (value: number): string => value.toLocaleString('en');
const percent = (share: number): string => `${Math.floor(share * 100)} %`;
const minute = (at: number): string => new Date(at).toISOString().slice(0, 16).replace('T', ' ');
const count = (value: number, what: string): string => `${number(value)} ${what}${value === 1 ? '' : 's'}`;
