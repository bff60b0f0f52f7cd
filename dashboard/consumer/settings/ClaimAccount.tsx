import { useTranslation } from 'react-i18next';
import { useMe } from '../shell/use-me.ts';

/** Whom a device will be linked to: a link to sign in may have brought the person into somebody else's account. */
export function ClaimAccount({ id, look }: { readonly id?: string; readonly look?: 'soft' }) {
  const { t } = useTranslation('settings');
  const { id: consumer, email = null } = useMe();
  return (
    <p id={id} className={look === undefined ? 'claim-account' : `claim-account ${look}`}>
      {t('claim.account', { account: email ?? consumer })}
    </p>
  );
}
