import { Button } from '@mantine/core';
import type { ReactNode } from 'react';
import { Fold } from './Fold.tsx';
import { Refusal } from './Refusal.tsx';

interface Props {
  readonly title: string;
  /** What its button says. */
  readonly submit: string;
  readonly onSubmit: () => void;
  readonly isPending: boolean;
  readonly error: Error | null;
  /** What came of it, such as a secret that is shown this once. */
  readonly outcome: ReactNode;
  /** The fields. */
  readonly children: ReactNode;
}

/** A form that makes something, opened when it is wanted. */
export function FoldForm({ title, submit, onSubmit, isPending, error, outcome, children }: Props) {
  return (
    <Fold title={title}>
      <form
        className="fold-form"
        onSubmit={(event) => {
          event.preventDefault();
          onSubmit();
        }}
      >
        {children}
        <Button type="submit" loading={isPending}>
          {submit}
        </Button>
      </form>
      <Refusal error={error} />
      {outcome}
    </Fold>
  );
}
