import { useTranslation } from 'react-i18next';

/** Stands where something is on its way, about as high as what will come. */
export function Waiting({ lines = 3 }: { readonly lines?: number }) {
  const { t } = useTranslation();
  return (
    <div className="waiting" role="status" aria-label={t('loading')}>
      {Array.from({ length: lines }, (_, line) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: they are all alike
        <span key={line} className="waiting-line" />
      ))}
    </div>
  );
}
