import { useTranslation } from 'react-i18next';
import { Button } from '../parts/Button.tsx';
import { Card } from '../parts/Card.tsx';
import { ClaimAccount } from './ClaimAccount.tsx';
import { claimTrouble } from './claim-trouble.ts';
import { dropClaim } from './pending-claim.ts';
import { useDevices } from './use-devices.ts';
import { usePendingClaim } from './use-pending-claim.ts';

/**
 * A link or a QR code brought the code of a device: nothing is linked before the person says so, for anyone can make a link.
 */
export function ClaimCard() {
  const { t } = useTranslation('settings');
  const pending = usePendingClaim();
  const { claim } = useDevices();
  // The code is forgotten as soon as the device is linked, a moment before that is told here.
  const code = claim.isPending ? claim.variables : pending;
  if (claim.isSuccess) {
    return (
      <p className="card" role="status">
        {t('devices.linked', { device: claim.data.id })}
      </p>
    );
  }
  if (code === null) return null;
  return (
    <Card title={t('claim.title')} className="ask">
      <p className="device-code">{code}</p>
      <p>
        <strong>{t('claim.onlyOwn')}</strong> {t('claim.text')}
      </p>
      <ClaimAccount />
      <div className="choices">
        <Button look="main" busy={claim.isPending} onClick={() => claim.mutate(code)}>
          {t('claim.yes')}
        </Button>
        <Button onClick={dropClaim}>{t('claim.no')}</Button>
      </div>
      {claim.isError && (
        <p className="wrong" role="alert">
          {t(claimTrouble(claim.error))}
        </p>
      )}
    </Card>
  );
}
