import type { TFunction } from 'i18next';
import type { OfferWhy } from '../../api/my-data-shapes.ts';
import { metricWord } from '../data/names.ts';
import { why as english } from '../i18n/en/why.ts';
import type { Formats } from '../i18n/formats.ts';

type Words = TFunction<['why', 'settings', 'data']>;
type DeviceWord = keyof typeof english.device;
type ReadWord = keyof typeof english.read;
export type ReasonWord = keyof typeof english.reason;

/** What the person agrees to now. */
export interface Agreed {
  readonly purpose: string;
  readonly granted: boolean;
}

/**
 * Why an offer came, in whole sentences of the person's language: what a device did, what it looked at, what they had agreed to, and
 * whose rule it was. Ids are not in them.
 */
export function whySentences(
  why: OfferWhy,
  agreed: readonly Agreed[],
  t: Words,
  formats: Pick<Formats, 'date' | 'locale'>,
): readonly string[] {
  const looked = readWords(why.reads, t);
  return [
    ...whatHappened(why, t),
    ...(looked.length === 0
      ? []
      : [t('why:looked', { what: new Intl.ListFormat(formats.locale).format(looked) })]),
    ...why.purposes.flatMap((purpose) => consentWords(purpose, agreed, t, formats)),
    t('why:rule', { rule: why.rule.name }),
    ...(why.variant === undefined ? [] : [t('why:variant')]),
  ];
}

function whatHappened({ device, place, trigger }: OfferWhy, t: Words): readonly string[] {
  if (trigger === null) return [];
  const subject = t(`why:device.${deviceWord(device?.type ?? null)}`);
  const { on, what } = trigger;
  switch (on) {
    case 'metric':
    case 'event':
      if (what === undefined) return [t(`why:somewhere.${on}`, { device: subject })];
      return [
        t(`why:happened.${on}`, {
          device: subject,
          what: on === 'metric' ? metricSaid(what, t) : what,
        }),
      ];
    default: {
      const name = place?.name ?? null;
      if (name === null) return [t(`why:somewhere.${on}`, { device: subject })];
      return [t(`why:happened.${on}`, { device: subject, place: name })];
    }
  }
}

function consentWords(
  { purpose, grantedAt, policyVersion }: OfferWhy['purposes'][number],
  agreed: readonly Agreed[],
  t: Words,
  formats: Pick<Formats, 'date'>,
): readonly string[] {
  const name = t(`settings:purposes.names.${purpose}`);
  const isGranted = agreed.some((consent) => consent.purpose === purpose && consent.granted);
  if (!isGranted) return [t('why:consentEnded', { purpose: name })];
  // An older gateway kept no record of when.
  if (grantedAt === null) return [];
  const date = formats.date(grantedAt);
  return [
    policyVersion === null
      ? t('why:consent', { purpose: name, date })
      : t('why:consentVersion', { purpose: name, date, version: policyVersion }),
  ];
}

/**
 * What a rule looked at, in a person's words, each once.
 *
 * @param reads as the API names them: `position`, `metrics.fuel`, `event.purchase`, `consumer.attributes.plan`
 */
export function readWords(reads: readonly string[], t: Words): readonly string[] {
  const words = reads.flatMap((read) => {
    const [root = '', ...path] = read.split('.');
    const rest = path.join('.');
    if (root === 'metrics') return rest === '' ? [] : [metricSaid(rest, t)];
    if (root === 'event') return rest === '' ? [] : [t('why:read.event', { event: rest })];
    return isReadWord(root) ? [t(`why:read.${root}`)] : [];
  });
  return [...new Set(words)];
}

/** Under which words a reason is told: its own, or that it was held back. A delivery's may go on: `expired after time_out`. */
export function reasonWord(reason: string): ReasonWord {
  const [word = ''] = reason.split(' ', 1);
  return Object.hasOwn(english.reason, word) ? (word as ReasonWord) : 'other';
}

function metricSaid(name: string, t: Words): string {
  const word = metricWord(name);
  return word === null ? name : t(`data:metric.${word}`);
}

function deviceWord(type: string | null): DeviceWord {
  if (type === null) return 'gone';
  return Object.hasOwn(english.device, type) ? (type as DeviceWord) : 'other';
}

function isReadWord(root: string): root is Exclude<ReadWord, 'event'> {
  return root !== 'event' && Object.hasOwn(english.read, root);
}
