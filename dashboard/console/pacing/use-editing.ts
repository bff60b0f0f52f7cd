import { useState } from 'react';
import type { useDocuments } from './use-documents.ts';

/** What the form of one document is given. */
export interface EditProps<Item> {
  /** Null for a new one. */
  readonly saved: Item | null;
  readonly busy: boolean;
  readonly error: Error | null;
  readonly onSave: (id: string, document: Readonly<Record<string, unknown>>) => void;
  readonly onCancel: () => void;
}

/** Which document of a list is open in a form: `form` is null while none is. */
export function useEditing<Item>(save: ReturnType<typeof useDocuments<Item>>['save']) {
  const [editing, setEditing] = useState<Item | 'new' | null>(null);
  const open = (next: Item | 'new' | null) => {
    save.reset();
    setEditing(next);
  };
  const form: EditProps<Item> | null =
    editing === null
      ? null
      : {
          saved: editing === 'new' ? null : editing,
          busy: save.isPending,
          error: save.error,
          onSave: (id, document) =>
            save.mutate({ id, document, isNew: editing === 'new' }, { onSuccess: () => setEditing(null) }),
          onCancel: () => open(null),
        };
  return { open, form };
}
