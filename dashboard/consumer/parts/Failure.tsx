import { useTranslation } from 'react-i18next';
import { ApiProblem } from '../../api/request.ts';
import { Button } from './Button.tsx';

/** Which of the words under `failure` tell what went wrong; what the API says itself is English, and meant for its callers. */
function failureWords(error: Error): 'unreachable' | 'busy' | 'gone' | 'other' {
  if (!(error instanceof ApiProblem)) return 'other';
  if (error.status === 0) return 'unreachable';
  if (error.status === 429) return 'busy';
  return error.status === 404 || error.status === 410 ? 'gone' : 'other';
}

/** Something went wrong, and what can be done about it. */
export function Failure({ error, onRetry }: { readonly error: Error; readonly onRetry?: () => unknown }) {
  const { t } = useTranslation();
  const words = failureWords(error);
  return (
    <div className="card failure" role="alert">
      <strong>{t(`failure.${words}.title`)}</strong>
      <p>{t(`failure.${words}.mend`)}</p>
      {onRetry !== undefined && <Button onClick={() => void onRetry()}>{t('retry')}</Button>}
    </div>
  );
}

/** The same in a line, where it belongs to something small, such as a button. */
export function FailureLine({ error }: { readonly error: Error | null }) {
  const { t } = useTranslation();
  if (error === null) return null;
  const words = failureWords(error);
  return (
    <p className="wrong" role="alert">
      {t(`failure.${words}.title`)}. {t(`failure.${words}.mend`)}
    </p>
  );
}
