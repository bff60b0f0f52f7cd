import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import type { Purpose } from '../../../rules/step.ts';
import type { Me } from '../../api/me-shapes.ts';
import { request } from '../../api/request.ts';
import { Card } from '../parts/Card.tsx';
import { SwitchRow } from '../parts/SwitchRow.tsx';
import { useStopping } from '../shell/stopping.tsx';
import { ME_KEY, useMe } from '../shell/use-me.ts';

const PURPOSES = ['location_offers', 'device_offers', 'health_offers'] as const satisfies readonly Purpose[];

/** One switch for each purpose; each takes effect at once. */
export function PurposesCard() {
  const { t } = useTranslation('settings');
  const me = useMe();
  const { setStopped } = useStopping();
  const queries = useQueryClient();
  const change = useMutation({
    mutationFn: ({ purpose, granted }: { purpose: Purpose; granted: boolean }) =>
      request('PUT', `/api/v1/me/consents/${purpose}`, { granted }),
    onMutate: ({ purpose, granted }) => {
      if (granted) setStopped(false);
      // The switch moves under the finger; the answer of the gateway has the last word.
      queries.setQueryData<Me>(ME_KEY, (before) => before && withConsent(before, purpose, granted));
    },
    onSettled: () => queries.invalidateQueries({ queryKey: ME_KEY, exact: true }),
  });
  return (
    <Card title={t('purposes.title')} id="purposes">
      <p className="soft">{t('purposes.intro')}</p>
      {PURPOSES.map((purpose) => (
        <SwitchRow
          key={purpose}
          title={t(`purposes.names.${purpose}`)}
          meaning={t(`purposes.meanings.${purpose}`)}
          checked={me.consents.some((consent) => consent.purpose === purpose && consent.granted)}
          onChange={(granted) => change.mutate({ purpose, granted })}
        />
      ))}
      {change.isError && (
        <p className="wrong" role="alert">
          {t('notSaved')}
        </p>
      )}
    </Card>
  );
}

function withConsent(me: Me, purpose: Purpose, granted: boolean): Me {
  const others = me.consents.filter((consent) => consent.purpose !== purpose);
  return { ...me, consents: [...others, { purpose, granted, source: 'me', at: Date.now() }] };
}
