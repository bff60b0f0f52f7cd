import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Passkey } from '../../api/access-shapes.ts';
import { request } from '../../api/request.ts';
import { useFormats } from '../i18n/use-formats.ts';
import { AskedRow } from '../parts/AskedRow.tsx';
import { Button } from '../parts/Button.tsx';
import { Card } from '../parts/Card.tsx';
import { Field } from '../parts/Field.tsx';
import { accessTrouble } from './access-trouble.ts';
import { addPasskey, knowsPasskeys } from './passkeys.ts';
import { PASSKEYS_KEY } from './use-access.ts';

interface Props {
  readonly passkeys: readonly Passkey[];
  /** The gateway has an address that passkeys can be made for. */
  readonly canHave: boolean;
}

/** The person's passkeys, and a way to another one. */
export function PasskeysCard({ passkeys, canHave }: Props) {
  const { t } = useTranslation('access');
  return (
    <Card title={t('passkeys.title')}>
      <p className="soft">{t('passkeys.text')}</p>
      {passkeys.length === 0 && <p>{t('passkeys.none')}</p>}
      {passkeys.length > 0 && (
        <ul className="rows">
          {passkeys.map((passkey) => (
            <PasskeyRow key={passkey.id} passkey={passkey} />
          ))}
        </ul>
      )}
      {!canHave && <p className="soft">{t('passkeys.unavailable')}</p>}
      {canHave && !knowsPasskeys() && <p className="soft">{t('passkeys.unsupported')}</p>}
      {canHave && knowsPasskeys() && <AddPasskey />}
    </Card>
  );
}

function PasskeyRow({ passkey }: { readonly passkey: Passkey }) {
  const { t } = useTranslation('access');
  const formats = useFormats();
  const queries = useQueryClient();
  const { id, name, createdAt, lastUsedAt, backedUp } = passkey;
  const remove = useMutation({
    mutationFn: () => request('DELETE', `/api/v1/me/passkeys/${encodeURIComponent(id)}`),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['me'] }),
  });
  const told = [
    t('passkeys.created', { when: formats.date(createdAt) }),
    lastUsedAt === null
      ? t('passkeys.unused')
      : t('passkeys.used', { when: formats.relative(lastUsedAt, Date.now()) }),
    ...(backedUp ? [t('passkeys.backedUp')] : []),
  ].join(', ');
  return (
    <AskedRow
      name={name}
      told={told}
      words={{
        remove: t('passkeys.remove'),
        removeNamed: t('passkeys.removeNamed', { name }),
        follows: t('passkeys.removeText'),
        sure: t('passkeys.removeSure'),
        keep: t('passkeys.keep'),
      }}
      busy={remove.isPending}
      onSure={() => remove.mutate()}
      trouble={remove.error === null ? null : t(`trouble.${accessTrouble(remove.error)}`)}
    />
  );
}

const LONGEST_NAME = 100;

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
