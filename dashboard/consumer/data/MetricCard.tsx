import { lazy, Suspense } from 'react';
import { useTranslation } from 'react-i18next';
import type { MyMetric, SeriesPoint } from '../../api/my-data-shapes.ts';
import { useFormats } from '../i18n/use-formats.ts';
import { Failure } from '../parts/Failure.tsx';
import { inWords } from './measure.ts';
import { metricName } from './names.ts';
import { type Period, pieceInWords, type Span } from './spans.ts';
import { useSeries } from './use-series.ts';
import { ValueTable } from './ValueTable.tsx';

const MetricChart = lazy(async () => ({ default: (await import('./chart/MetricChart.tsx')).MetricChart }));

interface Props {
  readonly device: string;
  readonly metric: MyMetric;
  readonly period: Period;
  readonly span: Span;
}

/** What a device told of one metric: the latest value, a chart, and the same figures as a table. */
export function MetricCard({ device, metric, period, span }: Props) {
  const { t } = useTranslation('data');
  const formats = useFormats();
  const { name, unit, kind } = metric;
  const series = useSeries(device, name, period);
  const points = series.points ?? [];
  const write = (value: SeriesPoint['value']) =>
    inWords(value, unit, formats.locale, { yes: t('told.yes'), no: t('told.no') });
  const title = metricName(t, name);
  const isDrawn = kind !== 'string' && points.some(({ value }) => typeof value !== 'string');
  return (
    <section className="card metric" aria-label={title}>
      <header className="metric-head">
        <h3>{title}</h3>
        {metric.sensitivity === 'health' && <span className="pill pill-info">{t('told.health')}</span>}
        <p className="metric-latest">
          <strong>{write(metric.value)}</strong>
          <span className="soft" title={formats.dateTime(metric.at)}>
            {formats.relative(metric.at, Date.now())}
          </span>
        </p>
      </header>
      {series.error !== null && <Failure error={series.error} onRetry={series.refetch} />}
      {series.error === null && kind !== 'string' && (
        <div className="chart-place">
          {series.points !== null && !isDrawn && <p className="chart-none soft">{t('told.quiet')}</p>}
          {isDrawn && (
            <Suspense fallback={null}>
              <MetricChart
                name={title}
                unit={unit}
                isState={kind === 'boolean'}
                points={points}
                period={series.period}
                span={span}
              />
            </Suspense>
          )}
        </div>
      )}
      {kind === 'string' && series.points !== null && points.length === 0 && (
        <p className="soft">{t('told.quiet')}</p>
      )}
      <div className="metric-foot">
        <p className="metric-range soft">{rangeInWords(points)}</p>
        {points.length > 0 && (
          <ValueTable
            title={title}
            points={points}
            write={write}
            note={t(kind === 'number' ? 'told.averages' : 'told.lasts', {
              span: pieceInWords(series.period.everyMs, formats.locale),
            })}
          />
        )}
      </div>
    </section>
  );

  function rangeInWords(all: readonly SeriesPoint[]): string {
    const numbers = all.flatMap(({ value }) => (typeof value === 'number' ? [value] : []));
    if (numbers.length === 0) return ' ';
    const [low, high] = numbers.reduce(
      ([least, most], value) => [Math.min(least, value), Math.max(most, value)] as const,
      [Infinity, -Infinity] as const,
    );
    const [least, most] = [write(low), write(high)];
    return least === most ? ' ' : t('told.range', { low: least, high: most });
  }
}
