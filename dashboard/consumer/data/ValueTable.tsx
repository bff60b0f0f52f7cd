import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { MetricValue, SeriesPoint } from '../../api/my-data-shapes.ts';
import { useFormats } from '../i18n/use-formats.ts';

interface Props {
  readonly title: string;
  readonly points: readonly SeriesPoint[];
  readonly write: (value: MetricValue) => string;
  /** What a line stands for. */
  readonly note: string;
}

/** The figures of a chart, newest first; made only once somebody asks for them. */
export function ValueTable({ title, points, write, note }: Props) {
  const { t } = useTranslation('data');
  const formats = useFormats();
  const [isOpen, setIsOpen] = useState(false);
  return (
    <details className="as-table" onToggle={(event) => setIsOpen(event.currentTarget.open)}>
      <summary>
        {t('told.asTable')} <span className="visually-hidden">{title}</span>
      </summary>
      {isOpen && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by key
        <section className="table-box" tabIndex={0} aria-label={title}>
          <table>
            <caption className="soft">{note}</caption>
            <thead>
              <tr>
                <th scope="col">{t('told.time')}</th>
                <th scope="col">{t('told.value')}</th>
              </tr>
            </thead>
            <tbody>
              {points.toReversed().map(({ at, value }) => (
                <tr key={at}>
                  <td>{formats.dateTime(at)}</td>
                  <td>{write(value)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      )}
    </details>
  );
}
