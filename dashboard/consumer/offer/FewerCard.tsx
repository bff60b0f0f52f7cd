import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { Link } from 'wouter';
import { request } from '../../api/request.ts';
import { Button } from '../parts/Button.tsx';
import { Card } from '../parts/Card.tsx';
import { FailureLine } from '../parts/Failure.tsx';
import { FEWER_KEY } from '../settings/use-fewer.ts';

/** Fewer offers like this one; pressed again, none. */
export function FewerCard({ id, levelBefore }: { readonly id: string; readonly levelBefore: 1 | 2 | null }) {
  const { t } = useTranslation('offers');
  const queries = useQueryClient();
  const fewer = useMutation({
    mutationFn: () =>
      request<{ readonly level: 1 | 2 }>('POST', `/api/v1/me/offers/${encodeURIComponent(id)}/fewer`),
    onSuccess: () => queries.invalidateQueries({ queryKey: FEWER_KEY }),
  });
  const level = fewer.data?.level ?? levelBefore ?? 0;
  return (
    <Card title={t('fewer.title')} className="fewer">
      {level < 2 && (
        <Button busy={fewer.isPending} onClick={() => fewer.mutate()}>
          {t(level === 0 ? 'fewer.once' : 'fewer.again')}
        </Button>
      )}
      <div role="status">
        {level > 0 && (
          <p>
            {t(level === 1 ? 'fewer.level1' : 'fewer.level2')}{' '}
            <Link href="/settings#fewer">{t('fewer.undo')}</Link>
          </p>
        )}
      </div>
      <FailureLine error={fewer.error} />
    </Card>
  );
}
