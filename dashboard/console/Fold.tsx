import type { ReactNode } from 'react';

/** A part of a page that is opened when it is wanted. */
export function Fold({ title, children }: { title: string; children: ReactNode }) {
  return (
    <details className="surface fold">
      <summary>{title}</summary>
      <div className="fold-body">{children}</div>
    </details>
  );
}
