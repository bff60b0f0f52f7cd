import type { ReactNode } from 'react';
import { ListBody, type ListBodyProps } from './ListBody.tsx';

interface Props extends ListBodyProps {
  readonly title: string;
  readonly intro: string;
  readonly filters?: ReactNode;
  /** What makes new entries. */
  readonly actions?: ReactNode;
}

/** A page that is a list: title, filters, table, and a button for what is older. */
export function ListFrame({ title, intro, filters, actions, ...body }: Props) {
  return (
    <div className="list-page">
      <h1>{title}</h1>
      <p className="soft list-intro">{intro}</p>
      {actions}
      {filters !== undefined && <div className="list-filters">{filters}</div>}
      <ListBody title={title} more="Load older" loadingHeight={320} {...body} />
    </div>
  );
}
