import type { TFunction } from 'i18next';
import type { OfferWhy } from '../../api/my-data-shapes.ts';
import { why as english } from '../i18n/en/why.ts';
import type { Formats } from '../i18n/use-formats.ts';

type Device = keyof typeof english.device;
type Trigger = keyof typeof english.somewhere;
type PlaceTrigger = keyof typeof english.happened;

/** What the words need of the person: what they agree to now. */
export interface Agreed {
  readonly purpose: string;
  readonly granted: boolean;
}

/**
 * Why an offer came, in whole sentences of the person's language: what a device did, what they had agreed to, and whose rule it was.
 * Ids are not in them.
 */
export function whySentences(
  why: OfferWhy,
  agreed: readonly Agreed[],
  t: TFunction<['why', 'settings']>,
  formats: Pick<Formats, 'date'>,
): readonly string[] {
  const happened = whatHappened(why, t);
  const consents = why.purposes.map(({ purpose, grantedAt, policyVersion }) => {
    const name = t(`settings:purposes.names.${purpose}`);
    const isGranted = agreed.some((consent) => consent.purpose === purpose && consent.granted);
    if (!isGranted || grantedAt === null) return t('why:consentEnded', { purpose: name });
    const date = formats.date(grantedAt);
    return policyVersion === null
      ? t('why:consent', { purpose: name, date })
      : t('why:consentVersion', { purpose: name, date, version: policyVersion });
  });
  return [
    ...(happened === null ? [] : [happened]),
    ...consents,
    t('why:rule', { rule: why.rule.name }),
    ...(why.variant === undefined ? [] : [t('why:variant')]),
  ];
}

function whatHappened(
  { device, place, trigger }: OfferWhy,
  t: TFunction<['why', 'settings']>,
): string | null {
  const subject = t(`why:device.${deviceWord(device?.type ?? null)}`);
  if (place !== null && isPlaceTrigger(trigger))
    return t(`why:happened.${trigger}`, { device: subject, place: place.name });
  return isTrigger(trigger) ? t(`why:somewhere.${trigger}`, { device: subject }) : null;
}

function deviceWord(type: string | null): Device {
  if (type === null) return 'gone';
  return Object.hasOwn(english.device, type) ? (type as Device) : 'other';
}

function isTrigger(trigger: string): trigger is Trigger {
  return Object.hasOwn(english.somewhere, trigger);
}

function isPlaceTrigger(trigger: string): trigger is PlaceTrigger {
  return Object.hasOwn(english.happened, trigger);
}

export type ReasonWord = keyof typeof english.reason;

/** Under which words a reason is told: its own, or that it was held back. A delivery's may go on: `expired after time_out`. */
export function reasonWord(reason: string): ReasonWord {
  const [word = ''] = reason.split(' ', 1);
  return Object.hasOwn(english.reason, word) ? (word as ReasonWord) : 'other';
}
