import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Passkey } from '../../api/access-shapes.ts';
import { Button } from '../parts/Button.tsx';
import { Card } from '../parts/Card.tsx';
import { Field } from '../parts/Field.tsx';
import { accessTrouble } from './access-trouble.ts';
import { PasskeyRow } from './PasskeyRow.tsx';
import { addPasskey, knowsPasskeys, LONGEST_NAME } from './passkeys.ts';
import { PASSKEYS_KEY } from './use-access.ts';

interface Props {
  readonly passkeys: readonly Passkey[];
  /** The gateway has an address that passkeys can be made for. */
  readonly canHave: boolean;
}

/** The person's passkeys, and a way to another one. */
export function PasskeysCard({ passkeys, canHave }: Props) {
  const { t } = useTranslation('access');
  const [renamed, setRenamed] = useState<string | null>(null);
  return (
    <Card title={t('passkeys.title')}>
      <p className="soft">{t('passkeys.text')}</p>
      {passkeys.length === 0 && <p>{t('passkeys.none')}</p>}
      {passkeys.length > 0 && (
        <ul className="rows">
          {passkeys.map((passkey) => (
            <PasskeyRow key={passkey.id} passkey={passkey} onRenamed={setRenamed} />
          ))}
        </ul>
      )}
      <p className="said" role="status">
        {renamed !== null && t('passkeys.renamed', { name: renamed })}
      </p>
      {!canHave && <p className="soft">{t('passkeys.unavailable')}</p>}
      {canHave && !knowsPasskeys() && <p className="soft">{t('passkeys.unsupported')}</p>}
      {canHave && knowsPasskeys() && <AddPasskey />}
    </Card>
  );
}

function AddPasskey() {
  const { t } = useTranslation('access');
  const queries = useQueryClient();
  const [name, setName] = useState('');
  const add = useMutation({
    mutationFn: () => addPasskey(name.trim()),
    onSuccess() {
      setName('');
      return queries.invalidateQueries({ queryKey: PASSKEYS_KEY });
    },
  });
  return (
    <form
      className="add-passkey"
      onSubmit={(event: FormEvent) => {
        event.preventDefault();
        add.mutate();
      }}
    >
      <Field
        label={t('passkeys.name')}
        description={t('passkeys.nameText')}
        autoComplete="off"
        maxLength={LONGEST_NAME}
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
      />
      <Button type="submit" busy={add.isPending}>
        {t('passkeys.add')}
      </Button>
      <p className="said" role="status">
        {add.isSuccess && t('passkeys.added', { name: add.data.name })}
      </p>
      {add.isError && (
        <p className="wrong" role="alert">
          {t(`trouble.${accessTrouble(add.error)}`)}
        </p>
      )}
    </form>
  );
}
