import { SegmentedControl, TextInput } from '@mantine/core';
import { localInput, type Period, PRESETS, type Preset, periodOf } from './backtest/period.ts';

interface Props {
  readonly label: string;
  readonly preset: Preset;
  readonly period: Period;
  /** The domain's now, epoch ms. */
  readonly now: number;
  readonly onChange: (preset: Preset, period: Period) => void;
}

/** Some usual periods, or one's own. */
export function PeriodPicker({ label, preset, period, now, onChange }: Props) {
  const own = (change: Partial<Period>) => onChange('custom', { ...period, ...change });
  const read = (text: string): number | null => {
    const at = new Date(text).getTime();
    return Number.isNaN(at) ? null : at;
  };
  return (
    <div className="period">
      <SegmentedControl
        aria-label={label}
        data={[...PRESETS]}
        value={preset}
        onChange={(next) =>
          onChange(
            next as Preset,
            next === 'custom' ? period : periodOf(next as Exclude<Preset, 'custom'>, now),
          )
        }
      />
      {preset === 'custom' && (
        <div className="pair">
          <TextInput
            type="datetime-local"
            label="From"
            value={localInput(period.from)}
            onChange={(event) => {
              const from = read(event.currentTarget.value);
              if (from !== null) own({ from });
            }}
          />
          <TextInput
            type="datetime-local"
            label="To"
            value={localInput(period.to)}
            error={period.to <= period.from && 'It must lie after “from”.'}
            onChange={(event) => {
              const to = read(event.currentTarget.value);
              if (to !== null) own({ to });
            }}
          />
        </div>
      )}
    </div>
  );
}
