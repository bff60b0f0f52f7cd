import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Passkey } from '../../api/access-shapes.ts';
import { request } from '../../api/request.ts';
import { useFormats } from '../i18n/use-formats.ts';
import { AskedRow } from '../parts/AskedRow.tsx';
import { Button } from '../parts/Button.tsx';
import { Field } from '../parts/Field.tsx';
import { accessTrouble } from './access-trouble.ts';
import { LONGEST_NAME } from './passkeys.ts';
import { PASSKEYS_KEY } from './use-access.ts';

interface Props {
  readonly passkey: Passkey;
  readonly onRenamed: (name: string) => void;
}

/** One passkey: which it is, another name for it, and its end. */
export function PasskeyRow({ passkey, onRenamed }: Props) {
  const { t } = useTranslation('access');
  const formats = useFormats();
  const queries = useQueryClient();
  const [mode, setMode] = useState<'shown' | 'naming' | 'named'>('shown');
  const { id, name, createdAt, lastUsedAt, backedUp } = passkey;
  const remove = useMutation({
    mutationFn: () => request('DELETE', addressOf(id)),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['me'] }),
  });
  if (mode === 'naming') {
    return (
      <RenameForm
        passkey={passkey}
        onDone={(renamed) => {
          setMode('named');
          if (renamed !== null) onRenamed(renamed);
        }}
      />
    );
  }
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
    >
      <Button
        look="quiet"
        aria-label={t('passkeys.renameNamed', { name })}
        // The focus comes back to where it went from.
        autoFocus={mode === 'named'}
        onClick={() => setMode('naming')}
      >
        {t('passkeys.rename')}
      </Button>
    </AskedRow>
  );
}

interface RenameProps {
  readonly passkey: Passkey;
  /** With the new name, or null where it stays as it was. */
  readonly onDone: (renamed: string | null) => void;
}

function RenameForm({ passkey, onDone }: RenameProps) {
  const { t } = useTranslation('access');
  const queries = useQueryClient();
  const [name, setName] = useState(passkey.name);
  const [isMissing, setIsMissing] = useState(false);
  const rename = useMutation({
    mutationFn: async (wanted: string) => {
      const renamed = await request<Passkey>('PATCH', addressOf(passkey.id), { name: wanted });
      await queries.invalidateQueries({ queryKey: PASSKEYS_KEY });
      return renamed;
    },
    onSuccess: (renamed) => onDone(renamed.name),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const wanted = name.trim();
    setIsMissing(wanted === '');
    if (wanted === passkey.name) onDone(null);
    else if (wanted !== '' && !rename.isPending) rename.mutate(wanted);
  };
  const trouble = isMissing
    ? t('passkeys.nameMissing')
    : rename.error && t(`trouble.${accessTrouble(rename.error)}`);
  return (
    <li>
      <form
        className="rename"
        aria-label={t('passkeys.renameNamed', { name: passkey.name })}
        onSubmit={submit}
        onKeyDown={(event) => {
          if (event.key === 'Escape') onDone(null);
        }}
      >
        <Field
          label={t('passkeys.newName')}
          autoComplete="off"
          autoFocus
          maxLength={LONGEST_NAME}
          value={name}
          error={trouble}
          onFocus={(event) => event.currentTarget.select()}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <span className="choices">
          <Button type="submit" look="main" busy={rename.isPending}>
            {t('passkeys.save')}
          </Button>
          <Button onClick={() => onDone(null)}>{t('passkeys.cancel')}</Button>
        </span>
      </form>
    </li>
  );
}

function addressOf(id: string): string {
  return `/api/v1/me/passkeys/${encodeURIComponent(id)}`;
}
