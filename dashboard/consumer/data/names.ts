import type { TFunction } from 'i18next';
import { data } from '../i18n/en/data.ts';

type Known<Words> = keyof Words & string;

function isKnown<Words extends object>(words: Words, name: string): name is Known<Words> {
  return Object.hasOwn(words, name);
}

/** A kind of device in the person's language; of one that is not built in, the name that its type has. */
export function deviceTypeName(t: TFunction<['data']>, type: string, typeName?: string): string {
  return isKnown(data.type, type) ? t(`data:type.${type}`) : (typeName ?? t('data:type.other'));
}

/** Under which words a metric that is built in is told; null for any other. */
export function metricWord(name: string): Known<typeof data.metric> | null {
  return isKnown(data.metric, name) ? name : null;
}

/** A metric in the person's language; one that is not built in as the device calls it. */
export function metricName(t: TFunction<['data']>, name: string): string {
  const word = metricWord(name);
  return word === null ? name : t(`data:metric.${word}`);
}
