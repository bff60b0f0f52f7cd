import { useSyncExternalStore } from 'react';
import { useTranslation } from 'react-i18next';
import { useFormats } from '../i18n/use-formats.ts';
import { readKept } from './kept.ts';

/** Says that what is shown is old, where the gateway cannot be asked: since when, and why. */
export function Seen({ error }: { readonly error: Error | null }) {
  const { t } = useTranslation();
  const formats = useFormats();
  const isOnline = useSyncExternalStore(
    (listener) => {
      addEventListener('online', listener);
      addEventListener('offline', listener);
      return () => {
        removeEventListener('online', listener);
        removeEventListener('offline', listener);
      };
    },
    () => navigator.onLine,
  );
  if (isOnline && error === null) return null;
  const when = formats.dateTime(readKept()?.at ?? Date.now());
  return (
    <p className="old-news" role="status">
      {isOnline ? t('unreachable', { when }) : t('offline', { when })}
    </p>
  );
}
