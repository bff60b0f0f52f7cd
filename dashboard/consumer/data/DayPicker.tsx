import { useTranslation } from 'react-i18next';
import { Icon } from '../../look/icons.tsx';
import { useFormats } from '../i18n/use-formats.ts';
import { Button } from '../parts/Button.tsx';
import { Choice } from '../parts/Choice.tsx';
import { SPANS, type Span, shiftDays } from './spans.ts';

interface Props {
  /** The beginning of the day that is shown, and of the last one that can be. */
  readonly day: number;
  readonly latest: number;
  readonly onDay: (day: number) => void;
  readonly span: Span;
  readonly onSpan: (span: Span) => void;
}

/** Which day is looked at, and whether charts show the week or month that ends with it. */
export function DayPicker({ day, latest, onDay, span, onSpan }: Props) {
  const { t } = useTranslation('data');
  const { locale } = useFormats();
  const words = new Intl.DateTimeFormat(locale, { weekday: 'short', day: 'numeric', month: 'long' });
  return (
    <div className="day-picker">
      <fieldset className="day-steps">
        <legend className="visually-hidden">{t('day.label')}</legend>
        <Button look="quiet" aria-label={t('day.before')} onClick={() => onDay(shiftDays(day, -1))}>
          <Icon name="back" />
        </Button>
        <strong className="day-name" role="status">
          {words.format(day)}
        </strong>
        <Button
          look="quiet"
          aria-label={t('day.after')}
          disabled={day >= latest}
          onClick={() => onDay(shiftDays(day, 1))}
        >
          <Icon name="chevron" />
        </Button>
      </fieldset>
      <Choice
        label={t('span.label')}
        hideLabel
        options={SPANS.map((value) => ({ value, name: t(`span.${value}`) }))}
        chosen={span}
        onChoose={onSpan}
      />
    </div>
  );
}
