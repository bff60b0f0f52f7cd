import { Button } from '@mantine/core';
import { type ReactNode, useEffect, useRef } from 'react';
import { ScrollRegion } from './ScrollRegion.tsx';

interface Props {
  readonly title: string;
  readonly confirm: string;
  /** Red where it cannot be taken back. */
  readonly danger?: boolean;
  readonly busy?: boolean;
  readonly children: ReactNode;
  readonly onConfirm: () => void;
  readonly onCancel: () => void;
}

/** Asks before something is done that others notice, or that is for good. The browser's own dialog keeps the focus inside. */
export function Confirm({
  title,
  confirm,
  danger = false,
  busy = false,
  children,
  onConfirm,
  onCancel,
}: Props) {
  const box = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const dialog = box.current;
    dialog?.showModal();
    // On the button that changes nothing, for who presses Enter without reading.
    dialog?.querySelector<HTMLButtonElement>('.confirm-buttons button')?.focus();
    return () => dialog?.close();
  }, []);
  return (
    <dialog
      ref={box}
      className="confirm"
      aria-labelledby="confirm-title"
      onCancel={(event) => {
        event.preventDefault();
        onCancel();
      }}
    >
      <h2 id="confirm-title">{title}</h2>
      <ScrollRegion label="What it means" className="confirm-body">
        {children}
      </ScrollRegion>
      <div className="confirm-buttons">
        <Button variant="default" onClick={onCancel}>
          Cancel
        </Button>
        {/* red.9 carries white text at 4.5:1, red itself does not. */}
        <Button {...(danger && { color: 'red.9' })} loading={busy} onClick={onConfirm}>
          {confirm}
        </Button>
      </div>
    </dialog>
  );
}
