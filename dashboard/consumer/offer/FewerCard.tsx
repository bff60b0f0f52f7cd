import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'wouter';
import type { FewerOf } from '../../api/me-shapes.ts';
import { request } from '../../api/request.ts';
import { Button } from '../parts/Button.tsx';
import { Card } from '../parts/Card.tsx';
import { FailureLine } from '../parts/Failure.tsx';
import { FEWER_KEY } from '../settings/use-fewer.ts';

type Level = FewerOf['level'];

/**
 * Fewer offers like this one; then, on demand, none. The second button stands below the answer to the first, for where the first was
 * a finger that taps twice comes down again.
 */
export function FewerCard({ id, levelBefore }: { readonly id: string; readonly levelBefore: Level | null }) {
  const { t } = useTranslation('offers');
  const queries = useQueryClient();
  const answer = useRef<HTMLDivElement>(null);
  const fewer = useMutation({
    mutationFn: (level: Level) =>
      request<{ readonly level: Level }>('POST', `/api/v1/me/offers/${encodeURIComponent(id)}/fewer`, {
        level,
      }),
    onSuccess() {
      // The button that had the focus is gone.
      answer.current?.focus();
      return queries.invalidateQueries({ queryKey: FEWER_KEY });
    },
  });
  const level = fewer.data?.level ?? levelBefore;
  return (
    <Card title={t('fewer.title')} className="fewer">
      {level === null && (
        <Button busy={fewer.isPending} onClick={() => fewer.mutate(1)}>
          {t('fewer.once')}
        </Button>
      )}
      <div ref={answer} role="status" tabIndex={-1}>
        {level !== null && (
          <p>
            {t(level === 1 ? 'fewer.level1' : 'fewer.level2')}{' '}
            <Link href="/settings#fewer">{t('fewer.undo')}</Link>
          </p>
        )}
      </div>
      {level === 1 && (
        <Button busy={fewer.isPending} onClick={() => fewer.mutate(2)}>
          {t('fewer.again')}
        </Button>
      )}
      <FailureLine error={fewer.error} />
    </Card>
  );
}
