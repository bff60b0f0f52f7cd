import { Button } from '@mantine/core';
import { type FormEvent, type ReactNode, useEffect, useRef } from 'react';
import { Problems } from '../Problems.tsx';

interface Props {
  readonly title: string;
  readonly save: string;
  readonly busy: boolean;
  readonly error: Error | null;
  readonly onSave: () => void;
  readonly onCancel: () => void;
  readonly children: ReactNode;
}

/** A form for one thing of a list, above the list; the focus goes to its first field. */
export function EditForm({ title, save, busy, error, onSave, onCancel, children }: Props) {
  const box = useRef<HTMLFormElement>(null);
  useEffect(() => box.current?.querySelector<HTMLElement>('input, textarea, select')?.focus(), []);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onSave();
  };
  return (
    <form ref={box} className="surface edit-form" aria-label={title} onSubmit={submit}>
      <h3>{title}</h3>
      <div className="edit-fields">{children}</div>
      <Problems error={error} />
      <div className="edit-buttons">
        <Button type="submit" loading={busy}>
          {save}
        </Button>
        <Button variant="default" onClick={onCancel}>
          Cancel
        </Button>
      </div>
    </form>
  );
}
