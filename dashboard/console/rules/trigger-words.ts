import { textAt, valueAt } from './document-fields.ts';
import { durationInWords } from './duration.ts';

/** Names for what a rule speaks of by id. */
export interface TriggerNames {
  place(id: string): string;
}

const ON_WORDS: Readonly<Record<string, string>> = {
  enter: 'arrives at',
  exit: 'leaves',
  dwell: 'stays at',
  approach: 'comes near',
  pass: 'passes',
};

/** What sets a rule off, as the end of "When …": "someone arrives at Corner Coffee". */
export function triggerInWords(rule: unknown, names: TriggerNames): string {
  if (valueAt(rule, ['trigger', 'place']) !== undefined || textAt(rule, ['trigger', 'on']) !== '')
    return placeInWords(rule, names);
  if (valueAt(rule, ['trigger', 'metric']) !== undefined) return metricInWords(rule);
  const event = textAt(rule, ['trigger', 'event']);
  return event === '' ? 'something happens that you have yet to say' : `a device reports “${event}”`;
}

function placeInWords(rule: unknown, names: TriggerNames): string {
  const on = textAt(rule, ['trigger', 'on']);
  const id = textAt(rule, ['trigger', 'place', 'id']);
  const tag = textAt(rule, ['trigger', 'place', 'tag']);
  const where = id !== '' ? names.place(id) : tag !== '' ? `a place tagged “${tag}”` : 'a place';
  const what = `someone ${ON_WORDS[on] ?? 'is at'} ${where}`;
  const span = durationInWords(textAt(rule, ['trigger', 'for']));
  const within = durationInWords(textAt(rule, ['trigger', 'within']) || 'PT5M');
  if (on === 'dwell' && span !== '') return `${what} for ${span}`;
  return on === 'approach' ? `${what} (${within} away or less)` : what;
}

function metricInWords(rule: unknown): string {
  const at = (field: string) => textAt(rule, ['trigger', 'metric', field]);
  const name = at('name') || 'a metric';
  const span = at('for') === '' ? '' : ` for ${durationInWords(at('for'))}`;
  if (at('above') !== '') return `${name} rises above ${at('above')}${span}`;
  return `${name} falls below ${at('below') || '…'}${span}`;
}
