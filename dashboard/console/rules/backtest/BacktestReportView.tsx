import { useQuery } from '@tanstack/react-query';
import { lazy, Suspense, useState } from 'react';
import type { BacktestReport } from '../../../../gateway/backtest/report.ts';
import { request } from '../../../api/request.ts';
import type { MapSettings } from '../../../api/shapes.ts';
import { HeadRow } from '../../../look/HeadRow.tsx';
import { REASON_LABELS } from '../../../look/reasons.ts';
import { Pill } from '../../../look/StateBadge.tsx';
import { dayAndTimeOf, momentOf } from '../../../look/when.ts';
import { whyNoMap } from '../../live-map/webgl.ts';
import { ScrollRegion } from '../../ScrollRegion.tsx';
import { ReasonFunnel } from '../ReasonFunnel.tsx';
import { HourChart } from './HourChart.tsx';

const JourneyMap = lazy(() => import('./JourneyMap.tsx').then((module) => ({ default: module.JourneyMap })));

/** What a backtest found. */
export function BacktestReportView({ report }: { report: BacktestReport }) {
  if (report.state === 'failed') {
    return (
      <p className="refusal" role="alert">
        <strong>The backtest failed.</strong> {report.error?.detail}
      </p>
    );
  }
  const { decisions } = report;
  const suppressed = Object.values(decisions.suppressed).reduce((sum, count) => sum + (count ?? 0), 0);
  const nothing = decisions.sent + suppressed === 0;
  return (
    <div className="report">
      <h2 className="visually-hidden">What it would have done</h2>
      {report.state === 'cancelled' && (
        <p className="refusal" role="status">
          <strong>Cancelled.</strong> What follows is counted up to {Math.floor(100 * report.progress)} % of
          the time.
        </p>
      )}
      <dl className="surface figures report-figures">
        <Figure label="Would have been sent" value={decisions.sent} strong />
        <Figure label="People reached" value={report.consumersReached} />
        <Figure label="Suppressed" value={suppressed} />
        <Figure label="People in the time" value={report.consumers} />
        <Figure label="Positions gone through" value={report.positions} />
      </dl>
      {nothing ? (
        <p className="surface list-empty soft">{whyNothing(report)}</p>
      ) : (
        <>
          <section className="surface report-part" aria-labelledby="report-funnel">
            <h3 id="report-funnel">What stopped it</h3>
            <ReasonFunnel
              title="From each firing of the trigger to what would have been sent"
              sent={decisions.sent}
              suppressed={decisions.suppressed}
              sentLabel="Would have been sent"
            />
          </section>
          <section className="surface report-part" aria-labelledby="report-when">
            <h3 id="report-when">When</h3>
            <HourChart perHour={report.perHour} from={report.from} to={report.to} />
          </section>
          <Where report={report} />
          <Counts
            title="At which places"
            head="Place"
            truncated={report.truncated.perPlace}
            rows={report.perPlace.map((row) => ({ ...row, key: row.place }))}
          />
          <Counts
            title="Which wording"
            head="Wording"
            truncated={false}
            rows={report.perVariant.map((row) => ({ ...row, key: row.variant, name: row.variant }))}
          />
          <Sample report={report} />
        </>
      )}
      <Notes report={report} />
    </div>
  );
}

function Figure({ label, value, strong = false }: { label: string; value: number; strong?: boolean }) {
  return (
    <div className={strong ? 'figure-strong' : undefined}>
      <dt className="soft">{label}</dt>
      <dd>{value.toLocaleString()}</dd>
    </div>
  );
}

function whyNothing({ positions, readings, consumers }: BacktestReport): string {
  if (readings === 0) return 'Nothing was reported in this time: choose another period.';
  if (consumers === 0) return 'Devices reported in this time, but none of them is linked to anybody.';
  return positions === 0
    ? 'The trigger never fired: no device told where it was in this time.'
    : 'The trigger never fired for anybody in this time. Look at the place, or try a longer period.';
}

/** The map with sampled journeys; where there is no WebGL 2, the decisions below say the same. */
function Where({ report }: { report: BacktestReport }) {
  const [noMap] = useState(whyNoMap);
  const settings = useQuery({
    queryKey: ['map'],
    queryFn: () => request<MapSettings>('GET', '/api/v1/map'),
    enabled: noMap === null,
    staleTime: Infinity,
  });
  if (report.journeys.features.length === 0) return null;
  return (
    <section className="surface report-part" aria-labelledby="report-where">
      <h3 id="report-where">Where</h3>
      {noMap !== null && (
        <p className="soft">This browser offers no WebGL 2, which the map needs: see the decisions below.</p>
      )}
      {settings.data !== undefined && (
        <Suspense fallback={<div className="journey-map" />}>
          <JourneyMap
            journeys={report.journeys}
            places={report.perPlace.map(({ place }) => place)}
            settings={settings.data}
          />
        </Suspense>
      )}
      {report.truncated.journeys && <p className="soft">A sample of the journeys, thinned.</p>}
    </section>
  );
}

interface CountRow {
  readonly key: string;
  readonly name: string;
  readonly sent: number;
  readonly suppressed: number;
}

function Counts({
  title,
  head,
  rows,
  truncated,
}: {
  title: string;
  head: string;
  rows: readonly CountRow[];
  truncated: boolean;
}) {
  if (rows.length === 0) return null;
  return (
    <ScrollRegion label={title} className="surface report-part list-table">
      <h3>{title}</h3>
      <table>
        <HeadRow columns={[head, 'Would have been sent', 'Suppressed']} />
        <tbody>
          {rows.map(({ key, name, sent, suppressed }) => (
            <tr key={key}>
              <th scope="row">{name}</th>
              <td>{sent.toLocaleString()}</td>
              <td>{suppressed.toLocaleString()}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {truncated && <p className="soft">Only those with most offers are listed.</p>}
    </ScrollRegion>
  );
}

function Sample({ report }: { report: BacktestReport }) {
  const names = new Map(report.perPlace.map(({ place, name }) => [place, name]));
  if (report.decisionsSample.length === 0) return null;
  return (
    <ScrollRegion label="Some of the decisions" className="surface report-part list-table">
      <h3>Some of the decisions</h3>
      <table>
        <HeadRow columns={['When', 'Who', 'Where', 'Outcome', 'Why']} />
        <tbody>
          {report.decisionsSample.map((decision, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: a finished report never changes
            <tr key={index}>
              <td className="nowrap">
                <time title={momentOf(decision.at)}>{dayAndTimeOf(decision.at)}</time>
              </td>
              <td className="nowrap">
                {decision.consumer}
                <small className="soft block">{decision.device}</small>
              </td>
              <td>{decision.place && (names.get(decision.place) ?? decision.place)}</td>
              <td>
                <Pill tone={decision.outcome === 'sent' ? 'good' : 'quiet'}>
                  {decision.outcome === 'sent' ? 'Would be sent' : 'Suppressed'}
                </Pill>
              </td>
              <td className="why">
                {decision.title !== undefined && <strong>{decision.title}</strong>}
                {decision.reason !== undefined && <strong>{REASON_LABELS[decision.reason]}</strong>}
                <span className="soft">{decision.detail}</span>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {report.truncated.decisionsSample && <p className="soft">There are more of them.</p>}
    </ScrollRegion>
  );
}

const counted = (count: number, what: string): string =>
  `${count.toLocaleString()} ${what}${count === 1 ? '' : 's'}`;

function Notes({ report }: { report: BacktestReport }) {
  const { otherRules, notes, alone } = report;
  return (
    <section className="report-notes soft" aria-label="How to read it">
      <p>
        {alone
          ? 'The other live rules were left out.'
          : `${counted(otherRules.rules, 'other live rule')} took part, and would have sent ${counted(otherRules.sent, 'offer')}.`}
      </p>
      {notes.map((note) => (
        <p key={note}>{note}</p>
      ))}
    </section>
  );
}
