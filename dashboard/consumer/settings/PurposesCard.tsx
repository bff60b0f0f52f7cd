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
import { useMe } from '../shell/use-me.ts';
import { useMeChange } from './use-me-change.ts';

const PURPOSES = ['location_offers', 'device_offers', 'health_offers'] as const satisfies readonly Purpose[];

interface Decided {
  readonly purpose: Purpose;
  readonly granted: boolean;
}

/** One switch for each purpose, in the words of the consent policy; each takes effect at once. */
export function PurposesCard() {
  const { t } = useTranslation('settings');
  const formats = useFormats();
  const me = useMe();
  const { setStopped } = useStopping();
  const language = spokenLanguage();
  const { version, wordings } = me.policy;
  const change = useMeChange({
    scope: 'consents',
    // What was on the screen is what is agreed to: the gateway refuses it where the policy has changed since.
    save: ({ purpose, granted }: Decided) =>
      request('PUT', `/api/v1/me/consents/${purpose}`, {
        granted,
        policyVersion: version,
        wording: wordings[purpose][language],
      }),
    changed: withConsent,
  });
  const decide = (decided: Decided) => {
    if (decided.granted) setStopped(false);
    change.mutate(decided);
  };
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
            onChange={(granted) => decide({ purpose, granted })}
          >
            {consent !== undefined && !consent.outdated && (
              <small className="soft">
                {t('purposes.since', { when: formats.date(consent.at), version: formats.number(version) })}
              </small>
            )}
            {consent?.outdated && (
              <div className="outdated">
                <p>{t('purposes.outdated')}</p>
                <Button onClick={() => decide({ purpose, granted: true })}>{t('purposes.renew')}</Button>
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

function withConsent(me: Me, { purpose, granted }: Decided): Me {
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
