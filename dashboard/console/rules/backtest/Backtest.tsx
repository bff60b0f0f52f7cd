import { Button } from '@mantine/core';
import { useState } from 'react';
import { Link } from 'wouter';
import { PeriodPicker } from '../PeriodPicker.tsx';
import { SaveTrouble } from '../SaveTrouble.tsx';
import { useNow } from '../use-now.ts';
import { BacktestReportView } from './BacktestReportView.tsx';
import { type Period, type Preset, periodOf } from './period.ts';
import { isUnderWay, useBacktest } from './use-backtest.ts';

interface Props {
  /** Id of the rule; where it is not saved, of the document. */
  readonly rule: string;
  /** The document as it is written now, or null: as it is saved. */
  readonly document: unknown;
  /** How many problems the document has: it has to be sound to be tried. */
  readonly problems: number;
}

/** What a rule would have done in a period that is over. Nothing is sent. */
export function Backtest({ rule, document, problems }: Props) {
  const now = useNow();
  const [preset, setPreset] = useState<Preset>('week');
  const [own, setOwn] = useState<Period | null>(null);
  const [alone, setAlone] = useState(false);
  const [tried, setTried] = useState<string | null>(null);
  const { start, cancel, report, error } = useBacktest();
  const written = JSON.stringify(document);
  const period =
    preset === 'custom' && own !== null ? own : periodOf(preset === 'custom' ? 'week' : preset, now);
  const busy = start.isPending || (report !== null && isUnderWay(report));
  return (
    <div className="backtest">
      <section className="surface backtest-order" aria-label="What to try">
        <p>
          {document === null ? 'The rule as it is saved' : 'The rule as you have written it, unsaved,'} goes
          through what devices reported then, with the consents, limits and quiet hours of that time. Nothing
          is sent.
        </p>
        <PeriodPicker
          label="Period"
          preset={preset}
          period={period}
          now={now}
          onChange={(next, chosen) => {
            setPreset(next);
            setOwn(chosen);
          }}
        />
        <label className="check">
          <input type="checkbox" checked={alone} onChange={() => setAlone(!alone)} />
          <span>
            This rule alone
            <small className="soft block">
              Otherwise the other live rules run beside it, and may win a moment or use up a person’s share.
            </small>
          </span>
        </label>
        <div className="backtest-start">
          <Button
            loading={start.isPending}
            disabled={problems > 0 || rule === '' || period.to <= period.from || (busy && !start.isPending)}
            onClick={() => {
              setTried(written);
              start.mutate({ rule, document, ...period, alone });
            }}
          >
            Try it
          </Button>
          {report !== null && isUnderWay(report) && (
            <Button variant="default" loading={cancel.isPending} onClick={() => cancel.mutate(report.id)}>
              Cancel
            </Button>
          )}
          {(problems > 0 || rule === '') && (
            <span className="soft">The rule has something to mend first: see the form.</span>
          )}
        </div>
        {report !== null && isUnderWay(report) && (
          <label className="backtest-progress">
            <span role="status">
              {report.state === 'waiting'
                ? 'Waiting for another backtest to end'
                : `${Math.floor(100 * report.progress)} % of the time gone through`}
            </span>
            <progress max={1} value={report.progress} />
          </label>
        )}
        <SaveTrouble error={error} />
      </section>
      {report !== null && tried !== written && (
        <p className="refusal" role="status">
          <strong>The rule was changed since.</strong> What follows is of the rule as it was: try it again.
        </p>
      )}
      {report !== null && !isUnderWay(report) && <BacktestReportView report={report} />}
      {report === null && !start.isPending && (
        <p className="soft backtest-hint">
          Choose a period and press “Try it”. What was really decided is under{' '}
          <Link href={`/decisions${rule === '' ? '' : `?rule=${encodeURIComponent(rule)}`}`}>Decisions</Link>.
        </p>
      )}
    </div>
  );
}
