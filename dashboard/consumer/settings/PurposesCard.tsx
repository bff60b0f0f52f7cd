import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import type { Purpose } from '../../../rules/step.ts';
import type { Me } from '../../api/me-shapes.ts';
import { request } from '../../api/request.ts';
import { spokenLanguage } from '../i18n/start.ts';
import { useFormats } from '../i18n/use-formats.ts';
import { Button } from '../parts/Button.tsx';
import { Card } from '../parts/Card.tsx';
import { SwitchRow } from '../parts/SwitchRow.tsx';
import { useStopping } from '../shell/stopping.tsx';
import { ME_KEY, useMe } from '../shell/use-me.ts';

const PURPOSES = ['location_offers', 'device_offers', 'health_offers'] as const satisfies readonly Purpose[];

/** One switch for each purpose, in the words of the consent policy; each takes effect at once. */
export function PurposesCard() {
  const { t } = useTranslation('settings');
  const formats = useFormats();
  const me = useMe();
  const { setStopped } = useStopping();
  const queries = useQueryClient();
  const language = spokenLanguage();
  const { version, wordings } = me.policy;
  const change = useMutation({
    // One after the other: of a yes and a no in haste the last has to be the last at the gateway too.
    scope: { id: 'consents' },
    // What was on the screen is what is agreed to: the gateway refuses it where the policy has changed since.
    mutationFn: ({ purpose, granted }: { purpose: Purpose; granted: boolean }) =>
      request('PUT', `/api/v1/me/consents/${purpose}`, {
        granted,
        policyVersion: version,
        wording: wordings[purpose][language],
      }),
    onMutate: ({ purpose, granted }) => {
      if (granted) setStopped(false);
      // The switch moves under the finger; the answer of the gateway has the last word.
      queries.setQueryData<Me>(ME_KEY, (before) => before && withConsent(before, purpose, granted));
    },
    onSettled: () => queries.invalidateQueries({ queryKey: ME_KEY, exact: true }),
  });
  const consentTo = (purpose: Purpose) =>
    me.consents.find((consent) => consent.purpose === purpose && consent.granted);
  return (
    <Card title={t('purposes.title')} id="purposes">
      <p className="soft">{t('purposes.intro')}</p>
      {PURPOSES.map((purpose) => {
        const consent = consentTo(purpose);
        return (
          <SwitchRow
            key={purpose}
            title={t(`purposes.names.${purpose}`)}
            meaning={wordings[purpose][language]}
            checked={consent !== undefined}
            onChange={(granted) => change.mutate({ purpose, granted })}
          >
            {consent !== undefined && !consent.outdated && (
              <small className="soft">
                {t('purposes.since', { when: formats.date(consent.at), version: formats.number(version) })}
              </small>
            )}
            {consent?.outdated && (
              <div className="outdated">
                <p>{t('purposes.outdated')}</p>
                <Button onClick={() => change.mutate({ purpose, granted: true })}>
                  {t('purposes.renew')}
                </Button>
              </div>
            )}
          </SwitchRow>
        );
      })}
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
  const consent = {
    purpose,
    granted,
    source: 'me',
    at: Date.now(),
    policyVersion: me.policy.version,
    outdated: false,
  };
  return { ...me, consents: [...others, consent] };
}
