import { Button, SegmentedControl, Skeleton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { Link } from 'wouter';
import type { CountsByName } from '../../gateway/records/quality.ts';
import { request } from '../api/request.ts';
import type { QualityRecord } from '../api/shapes.ts';
import { HeadRow } from '../look/HeadRow.tsx';
import {
  CODE_LABELS,
  issuesInWords,
  QUALITY_WORDS,
  type QualityWord,
  spanInWords,
} from '../look/quality-words.ts';
import { Trouble } from '../look/Trouble.tsx';
import { dayAndTimeOf, momentOf } from '../look/when.ts';
import { QualityDays } from './QualityDays.tsx';
import { ScrollRegion } from './ScrollRegion.tsx';

const DAY_MS = 86_400_000;
const PERIODS = { '7': '7 days', '30': '30 days' } as const;
type Period = keyof typeof PERIODS;

/** What was noticed about a device's readings: figures, day by day, and each kind of trouble with its names. */
export function QualityPanel({ device }: { device: string }) {
  const [period, setPeriod] = useState<Period>('7');
  const quality = useQuery({
    queryKey: ['quality', device, period],
    queryFn: () => {
      // Whole days are counted: today and those before it.
      const from = Date.now() - (Number(period) - 1) * DAY_MS;
      return request<QualityRecord>(
        'GET',
        `/api/v1/devices/${encodeURIComponent(device)}/quality?from=${from}`,
      );
    },
  });
  return (
    <section className="quality" aria-labelledby="quality-title">
      <div className="quality-head">
        <h2 id="quality-title">Quality of its readings</h2>
        <SegmentedControl
          size="xs"
          aria-label="Period"
          data={Object.entries(PERIODS).map(([value, label]) => ({ value, label }))}
          value={period}
          onChange={(value) => setPeriod(value as Period)}
        />
        <Button size="xs" variant="default" loading={quality.isFetching} onClick={() => quality.refetch()}>
          Refresh
        </Button>
      </div>
      {quality.isPending && <Skeleton height={280} role="status" aria-label="Loading" />}
      {quality.isError && <Trouble error={quality.error} onRetry={() => quality.refetch()} />}
      {quality.data !== undefined && <Findings record={quality.data} />}
    </section>
  );
}

function Findings({ record }: { record: QualityRecord }) {
  const { readings, stored, issues, lastSeenAt, device } = record;
  const found = (Object.keys(QUALITY_WORDS) as QualityWord[]).filter((word) => totalOf(record[word]) > 0);
  if (lastSeenAt === null) return <p className="surface list-empty soft">It said nothing in these days.</p>;
  return (
    <>
      <dl className="surface figures">
        <Figure name="Readings" value={readings.toLocaleString()} />
        <Figure name="Stored" value={stored.toLocaleString()} />
        <Figure name="Issues" value={issuesInWords(issues, readings)} />
        <Figure name="Last heard" value={dayAndTimeOf(lastSeenAt)} title={momentOf(lastSeenAt)} />
      </dl>
      <QualityDays record={record} />
      {found.length === 0 ? (
        <p className="surface list-empty soft">Nothing out of the ordinary was noticed.</p>
      ) : (
        <ScrollRegion label="What was noticed" className="surface list-table">
          <table>
            <HeadRow columns={['Noticed', 'Times', 'Last', 'Where']} />
            <tbody>
              {found.map((word) => (
                <tr key={word}>
                  <th scope="row" className="wide">
                    {QUALITY_WORDS[word].label}
                    <small className="soft block">{QUALITY_WORDS[word].meaning}</small>
                  </th>
                  <td>{totalOf(record[word]).toLocaleString()}</td>
                  <td className="nowrap">{lastOf(record, word)}</td>
                  <td>{whereOf(record, word)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </ScrollRegion>
      )}
      {totalOf(record.refused) > 0 && (
        <Link href={`/quarantine?device=${encodeURIComponent(device)}`} className="quality-more">
          What was refused, in quarantine
        </Link>
      )}
    </>
  );
}

function Figure({ name, value, title }: { name: string; value: string; title?: string }) {
  return (
    <div>
      <dt className="soft">{name}</dt>
      <dd title={title}>{value}</dd>
    </div>
  );
}

function totalOf(counted: number | CountsByName): number {
  return typeof counted === 'number'
    ? counted
    : Object.values(counted).reduce((sum, times) => sum + times, 0);
}

function lastOf(record: QualityRecord, word: QualityWord): string {
  const at = record.lastSeen[word];
  return at === undefined ? '' : dayAndTimeOf(at);
}

/** The names that were counted, most often first; of clocks, by how much they were ahead. */
function whereOf(record: QualityRecord, word: QualityWord) {
  if (word === 'clockCorrected' && record.clockSkewMs !== null)
    return `typically ${spanInWords(record.clockSkewMs)} ahead`;
  const counted = record[word];
  if (typeof counted === 'number') return null;
  const labels: Readonly<Record<string, string>> = word === 'refused' ? CODE_LABELS : {};
  return (
    <ul className="quality-names">
      {Object.entries(counted)
        .sort(([, a], [, b]) => b - a)
        .map(([name, times]) => (
          <li key={name}>
            {Object.hasOwn(labels, name) ? labels[name] : <code>{name}</code>}
            <span className="soft">{` × ${times.toLocaleString()}`}</span>
          </li>
        ))}
    </ul>
  );
}
