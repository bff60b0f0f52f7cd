import { Button } from '@mantine/core';
import { type ReactNode, useState } from 'react';
import { Confirm } from '../Confirm.tsx';
import { useMarkets } from '../use-role.ts';

interface Props {
  readonly name: string;
  /** What removing it does, in a sentence. */
  readonly removal: string;
  readonly onChange: () => void;
  readonly onRemove: () => void;
  /** Further buttons. */
  readonly children?: ReactNode;
}

/** What can be done with a row: change it, and remove it after a question. Nothing for who may only read. */
export function RowButtons({ name, removal, onChange, onRemove, children }: Props) {
  const mayChange = useMarkets();
  const [asked, setAsked] = useState(false);
  if (!mayChange) return null;
  return (
    <div className="row-buttons">
      {children}
      <Button size="compact-sm" variant="default" aria-label={`Change ${name}`} onClick={onChange}>
        Change
      </Button>
      <Button
        size="compact-sm"
        variant="default"
        aria-label={`Remove ${name}`}
        onClick={() => setAsked(true)}
      >
        Remove
      </Button>
      {asked && (
        <Confirm
          title={`Remove ${name}?`}
          confirm="Remove for good"
          danger
          onCancel={() => setAsked(false)}
          onConfirm={() => {
            setAsked(false);
            onRemove();
          }}
        >
          <p>{removal} This is for good.</p>
        </Confirm>
      )}
    </div>
  );
}
