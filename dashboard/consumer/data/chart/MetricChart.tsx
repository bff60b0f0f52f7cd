import { type KeyboardEvent, useEffect, useMemo, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { SeriesPoint } from '../../../api/my-data-shapes.ts';
import { useFormats } from '../../i18n/use-formats.ts';
import { lineOf } from '../gaps.ts';
import { axisSteps, inWords, measureOf } from '../measure.ts';
import { isWithinADay, type Period, type Span } from '../spans.ts';
import { useScheme } from '../use-scheme.ts';
import { createMetricPlot, type MetricPlot } from './metric-plot.ts';

interface Props {
  readonly name: string;
  readonly unit: string;
  readonly isState: boolean;
  /** At least one; no texts. */
  readonly points: readonly SeriesPoint[];
  readonly period: Period;
  readonly span: Span;
}

const STEPS: Readonly<Record<string, number>> = {
  ArrowLeft: -1,
  ArrowDown: -1,
  ArrowRight: 1,
  ArrowUp: 1,
  PageDown: -10,
  PageUp: 10,
};

/**
 * A metric over time. Its values can be read one by one with the arrow keys, as on a slider, which is what a screen reader takes it
 * for. Loaded on demand.
 */
export function MetricChart({ name, unit, isState, points, period, span }: Props) {
  const { t } = useTranslation('data');
  const { locale } = useFormats();
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<MetricPlot | null>(null);
  const [pointed, setPointed] = useState<number | null>(null);
  const scheme = useScheme();
  const measure = measureOf(unit);
  const line = useMemo(
    () => lineOf(points, period.everyMs, measure.factor),
    [points, period.everyMs, measure.factor],
  );
  const yes = t('told.yes');
  const no = t('told.no');

  // biome-ignore lint/correctness/useExhaustiveDependencies: the colours are read from the page, which has another theme then
  useEffect(() => {
    if (box.current === null) return undefined;
    const times = new Intl.DateTimeFormat(locale, AXIS_TIMES[isWithinADay(period) ? 'day' : span]);
    const made = createMetricPlot({
      container: box.current,
      line,
      from: period.from,
      to: period.to,
      range: isState ? [0, 1.15] : (measure.range ?? null),
      steps: axisSteps(unit),
      isState,
      writeValue: (value) =>
        isState
          ? value === 1
            ? yes
            : no
          : inWords(value / measure.factor, unit, locale, { yes, no }).replaceAll(' ', '\u00a0'),
      writeTime: (at) => times.format(at),
      onPoint: setPointed,
    });
    plot.current = made;
    return () => {
      plot.current = null;
      made.destroy();
    };
  }, [line, period.from, period.to, span, isState, unit, locale, yes, no, scheme]);

  const told = useMemo(() => line.values.flatMap((value, index) => (value === null ? [] : [index])), [line]);
  const shown = pointed !== null && line.values[pointed] !== null ? pointed : null;
  const at = shown ?? told.at(-1) ?? 0;
  const words = useMemo(() => {
    const moment = new Intl.DateTimeFormat(locale, READOUT_TIMES[span]);
    const value = line.values[at] ?? 0;
    return `${moment.format(line.times[at])}: ${inWords(isState ? value === 1 : value / measure.factor, unit, locale, { yes, no })}`;
  }, [line, at, locale, span, isState, measure.factor, unit, yes, no]);

  const press = (event: KeyboardEvent) => {
    const position = Math.max(0, told.indexOf(at));
    const next =
      event.key === 'Home'
        ? 0
        : event.key === 'End'
          ? told.length - 1
          : position + (STEPS[event.key] ?? Number.NaN);
    if (Number.isNaN(next)) return;
    event.preventDefault();
    const index = told[Math.min(told.length - 1, Math.max(0, next))] ?? null;
    setPointed(index);
    plot.current?.point(index);
  };

  return (
    <div className="chart">
      <div
        ref={box}
        className="chart-box"
        role="slider"
        tabIndex={0}
        aria-label={t('told.chart', { name })}
        aria-valuemin={1}
        aria-valuemax={told.length}
        aria-valuenow={told.indexOf(at) + 1}
        aria-valuetext={words}
        onKeyDown={press}
      />
      <p className="chart-readout soft" aria-hidden="true">
        {shown === null ? ' ' : words}
      </p>
    </div>
  );
}

const AXIS_TIMES: Readonly<Record<Span, Intl.DateTimeFormatOptions>> = {
  day: { hour: '2-digit', minute: '2-digit' },
  week: { weekday: 'short', day: 'numeric' },
  month: { day: 'numeric', month: 'short' },
};

const READOUT_TIMES: Readonly<Record<Span, Intl.DateTimeFormatOptions>> = {
  day: { hour: '2-digit', minute: '2-digit' },
  week: { weekday: 'short', day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' },
  month: { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' },
};
