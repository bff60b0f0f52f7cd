import { Button } from '@mantine/core';
import { useState } from 'react';
import { Pill } from '../../look/StateBadge.tsx';
import { NameAndId, useNameAndId } from '../NameAndId.tsx';
import { Problems } from '../Problems.tsx';
import { useMarkets } from '../use-role.ts';
import { BudgetBar } from './BudgetBar.tsx';
import { EditForm } from './EditForm.tsx';
import { FillPool } from './FillPool.tsx';
import { PacingSection } from './PacingSection.tsx';
import { RowButtons } from './RowButtons.tsx';
import { useDocuments } from './use-documents.ts';
import type { EditProps } from './use-editing.ts';

interface CodePool {
  readonly id: string;
  readonly name: string;
  readonly codes: number;
  readonly given: number;
  readonly left: number;
}

/** A pool with less than this share left is low. */
const LOW_SHARE = 0.1;

type Opened = { readonly kind: 'edit' | 'fill'; readonly pool: CodePool } | { readonly kind: 'new' } | null;

/** Pools of one-time codes: how many are left, and where more go in. */
export function CodePools() {
  const mayChange = useMarkets();
  const { list, save, remove, refresh } = useDocuments<CodePool>('/api/v1/code-pools');
  const [opened, setOpened] = useState<Opened>(null);
  const open = (next: Opened) => {
    save.reset();
    setOpened(next);
  };
  return (
    <PacingSection
      title="Code pools"
      intro="One-time codes: each goes into one offer, as {{ code }}. When a pool is empty, rules that need a code of it send nothing."
      begin={mayChange && opened === null ? 'New code pool' : null}
      onBegin={() => open({ kind: 'new' })}
      columns={['Pool', 'Given', 'Left', 'Actions']}
      empty="There is no code pool yet. Make one, add codes, and name it in a rule’s offer."
      list={list}
      form={
        <>
          {(opened?.kind === 'new' || opened?.kind === 'edit') && (
            <PoolForm
              key={opened.kind === 'new' ? '' : opened.pool.id}
              saved={opened.kind === 'new' ? null : opened.pool}
              busy={save.isPending}
              error={save.error}
              onCancel={() => open(null)}
              onSave={(id, document) =>
                save.mutate(
                  { id, document, isNew: opened.kind === 'new' },
                  {
                    onSuccess: (pool) => setOpened(opened.kind === 'new' ? { kind: 'fill', pool } : null),
                  },
                )
              }
            />
          )}
          {opened?.kind === 'fill' && (
            <FillPool key={opened.pool.id} pool={opened.pool} onFilled={refresh} onClose={() => open(null)} />
          )}
          <Problems error={remove.error} />
        </>
      }
    >
      {list.items.map((pool) => (
        <tr key={pool.id}>
          <th scope="row">
            {pool.name}
            <small className="soft block">{pool.id}</small>
          </th>
          <td>{pool.codes > 0 && <BudgetBar label="given" used={pool.given} of={pool.codes} />}</td>
          <td className="nowrap">
            {pool.left.toLocaleString()} <Left pool={pool} />
          </td>
          <td>
            <RowButtons
              name={pool.name}
              removal="Codes that are not given yet are lost; a pool that a live or paused rule uses stays."
              onChange={() => open({ kind: 'edit', pool })}
              onRemove={() => remove.mutate(pool.id)}
            >
              <Button
                size="compact-sm"
                variant="default"
                aria-label={`Add codes to ${pool.name}`}
                onClick={() => open({ kind: 'fill', pool })}
              >
                Add codes
              </Button>
            </RowButtons>
          </td>
        </tr>
      ))}
    </PacingSection>
  );
}

function Left({ pool: { codes, left } }: { pool: CodePool }) {
  if (codes === 0) return <Pill tone="warn">No code yet</Pill>;
  if (left === 0) return <Pill tone="bad">Used up</Pill>;
  return left < codes * LOW_SHARE ? <Pill tone="warn">Low</Pill> : null;
}

function PoolForm({ saved, onSave, ...frame }: EditProps<CodePool>) {
  const named = useNameAndId(saved);
  return (
    <EditForm
      title={saved === null ? 'New code pool' : `Change ${saved.name}`}
      save="Save code pool"
      onSave={() => onSave(named.id, { name: named.name })}
      {...frame}
    >
      <NameAndId {...named} />
    </EditForm>
  );
}
