const DAY_MS = 86_400_000;

export type Preset = 'yesterday' | 'week' | 'month' | 'custom';

export const PRESETS: readonly { readonly value: Preset; readonly label: string }[] = [
  { value: 'yesterday', label: 'Yesterday' },
  { value: 'week', label: '7 days' },
  { value: 'month', label: '30 days' },
  { value: 'custom', label: 'Custom' },
];

export interface Period {
  /** Epoch ms, inclusive. */
  readonly from: number;
  /** Epoch ms, exclusive. */
  readonly to: number;
}

/** The time that a preset means, up to `now` (epoch ms); yesterday is the reader's calendar day. */
export function periodOf(preset: Exclude<Preset, 'custom'>, now: number): Period {
  switch (preset) {
    case 'yesterday': {
      const midnight = new Date(now);
      midnight.setHours(0, 0, 0, 0);
      const before = new Date(midnight);
      before.setDate(before.getDate() - 1);
      return { from: before.getTime(), to: midnight.getTime() };
    }
    case 'week':
      return { from: now - 7 * DAY_MS, to: now };
    case 'month':
      return { from: now - 30 * DAY_MS, to: now };
  }
}

/** A moment as `<input type="datetime-local">` takes it: the reader's wall clock, to the minute. */
export function localInput(at: number): string {
  const date = new Date(at);
  const two = (number: number) => String(number).padStart(2, '0');
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}T${two(date.getHours())}:${two(date.getMinutes())}`;
}
