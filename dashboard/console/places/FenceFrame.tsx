import { Button, Skeleton } from '@mantine/core';
import { type ReactNode, useState } from 'react';
import { Link, useLocation } from 'wouter';
import { Trouble } from '../../look/Trouble.tsx';
import { Confirm } from '../Confirm.tsx';
import { Problems } from '../Problems.tsx';
import { useMarkets } from '../use-role.ts';
import { isWhole } from './fence-shape.ts';
import type { Draft } from './use-draft.ts';
import type { useFenceRecord } from './use-fence-record.ts';

/** What the page gives an editor of a place or a zone. */
export interface EditorProps {
  /** Null for a new one. */
  readonly id: string | null;
  readonly draft: Draft;
  readonly hasMap: boolean;
  /** A new one was saved under this id. */
  readonly onMade: (id: string) => void;
}

interface FrameProps {
  readonly id: string | null;
  readonly record: ReturnType<typeof useFenceRecord>['record'];
  /** Where the others are. */
  readonly list: { readonly href: string; readonly name: string };
  /** Heading of a new one. */
  readonly newTitle: string;
  /** The form, shown when what it begins with is loaded. */
  readonly children: ReactNode;
}

/** The way back, the heading, and the form or what keeps it from being there. */
export function FenceFrame({ id, record, list, newTitle, children }: FrameProps) {
  return (
    <>
      <p className="crumb">
        <Link href={list.href}>{list.name}</Link>
      </p>
      <h1>{id === null ? newTitle : (record.data?.name ?? id)}</h1>
      {record.isError && <Trouble error={record.error} onRetry={() => record.refetch()} />}
      {id !== null && record.isPending && <Skeleton height={320} role="status" aria-label="Loading" />}
      {(id === null || record.data !== undefined) && children}
    </>
  );
}

interface EndProps {
  readonly id: string | null;
  readonly draft: Draft;
  readonly editor: ReturnType<typeof useFenceRecord>;
  /** Where a removed one leads to. */
  readonly listHref: string;
  /** What the button that saves a new one says. */
  readonly saveNew: string;
  /** What removing it does. */
  readonly removal: string;
  /** What was said of the last save. */
  readonly children: ReactNode;
}

/** The end of the form: what went wrong or well, and the buttons, for who may change it. */
export function FenceFormEnd({
  id,
  draft: { shape },
  editor,
  listHref,
  saveNew,
  removal,
  children,
}: EndProps) {
  const { record, save, remove } = editor;
  const mayChange = useMarkets();
  const [, navigate] = useLocation();
  const [asked, setAsked] = useState(false);
  return (
    <>
      <Problems error={save.error ?? remove.error} />
      {children}
      {mayChange && (
        <div className="fence-buttons">
          <Button type="submit" loading={save.isPending} disabled={shape === null || !isWhole(shape)}>
            {id === null ? saveNew : 'Save changes'}
          </Button>
          {id !== null && (
            <Button variant="default" onClick={() => setAsked(true)}>
              Remove
            </Button>
          )}
        </div>
      )}
      {asked && (
        <Confirm
          title={`Remove ${record.data?.name ?? id}?`}
          confirm="Remove for good"
          danger
          busy={remove.isPending}
          onCancel={() => setAsked(false)}
          onConfirm={() => remove.mutate(undefined, { onSuccess: () => navigate(listHref) })}
        >
          <p>{removal}</p>
        </Confirm>
      )}
    </>
  );
}
