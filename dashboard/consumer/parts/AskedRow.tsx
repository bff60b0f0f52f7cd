import { type ReactNode, useState } from 'react';
import { Button } from './Button.tsx';

interface Props {
  readonly icon?: ReactNode;
  readonly name: string;
  /** What else there is to say of it. */
  readonly told?: string;
  readonly words: {
    /** What the button does, and the same with the name of the row, for who hears it without seeing the row. */
    readonly remove: string;
    readonly removeNamed: string;
    /** What follows, before it is done. */
    readonly follows: string;
    readonly sure: string;
    readonly keep: string;
  };
  readonly busy: boolean;
  readonly onSure: () => void;
  /** What went wrong, or null. */
  readonly trouble: string | null;
  /** What else can be done with it, before it is taken out. */
  readonly children?: ReactNode;
}

/** A row of a list that can be taken out of it, for good: what follows is told first, and the focus is on keeping it. */
export function AskedRow({ icon, name, told, words, busy, onSure, trouble, children }: Props) {
  const [asked, setAsked] = useState<'not yet' | 'now' | 'kept'>('not yet');
  const isAsked = asked === 'now';
  const small = isAsked ? words.follows : told;
  return (
    <li className={small === undefined ? undefined : 'asking'}>
      {icon}
      <span className="row-name">
        {name}
        {small !== undefined && <small className="soft">{small}</small>}
      </span>
      {!isAsked && (
        <span className="row-ways">
          {children}
          <Button
            look="quiet"
            aria-label={words.removeNamed}
            // The focus comes back to where it went from.
            autoFocus={asked === 'kept'}
            onClick={() => setAsked('now')}
          >
            {words.remove}
          </Button>
        </span>
      )}
      {isAsked && (
        <span className="choices">
          <Button autoFocus onClick={() => setAsked('kept')}>
            {words.keep}
          </Button>
          <Button look="stop" busy={busy} onClick={onSure}>
            {words.sure}
          </Button>
        </span>
      )}
      {trouble !== null && (
        <p className="wrong" role="alert">
          {trouble}
        </p>
      )}
    </li>
  );
}
