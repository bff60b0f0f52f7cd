import { useId, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { DeviceIcon } from '../../look/icons.tsx';
import { AskedRow } from '../parts/AskedRow.tsx';
import { Button } from '../parts/Button.tsx';
import { Card } from '../parts/Card.tsx';
import { Field } from '../parts/Field.tsx';
import { useMe } from '../shell/use-me.ts';
import { ClaimAccount } from './ClaimAccount.tsx';
import { claimTrouble } from './claim-trouble.ts';
import { useDevices } from './use-devices.ts';

/** The person's devices: one that they hold is linked with its code, and any can be given up. */
export function DevicesCard() {
  const { t } = useTranslation('settings');
  const { devices } = useMe();
  const [code, setCode] = useState('');
  const { claim, giveUp } = useDevices();
  const accountId = useId();
  return (
    <Card title={t('devices.title')} id="devices">
      {devices.length === 0 && <p className="soft">{t('devices.none')}</p>}
      {devices.length > 0 && (
        <ul className="rows">
          {devices.map(({ id, type }) => (
            <AskedRow
              key={id}
              icon={<DeviceIcon type={type} size={22} />}
              name={id}
              words={{
                remove: t('devices.giveUp'),
                removeNamed: t('devices.giveUpNamed', { device: id }),
                follows: t('devices.giveUpText'),
                sure: t('devices.giveUpSure'),
                keep: t('devices.keep'),
              }}
              busy={giveUp.isPending && giveUp.variables === id}
              onSure={() => giveUp.mutate(id)}
              trouble={giveUp.isError && giveUp.variables === id ? t('notSaved') : null}
            />
          ))}
        </ul>
      )}
      <form
        className="claim-form"
        onSubmit={(event) => {
          event.preventDefault();
          claim.mutate(code, { onSuccess: () => setCode('') });
        }}
      >
        <Field
          label={t('devices.code')}
          description={t('devices.codeHint')}
          placeholder="ABCD-2345"
          autoComplete="off"
          autoCapitalize="characters"
          spellCheck={false}
          maxLength={64}
          required
          value={code}
          error={claim.error === null ? null : t(claimTrouble(claim.error))}
          onChange={(event) => setCode(event.currentTarget.value)}
        />
        <ClaimAccount id={accountId} look="soft" />
        <Button type="submit" busy={claim.isPending} aria-describedby={accountId}>
          {t('devices.add')}
        </Button>
      </form>
      <p className="said" role="status">
        {claim.isSuccess && t('devices.linked', { device: claim.data.id })}
      </p>
    </Card>
  );
}
