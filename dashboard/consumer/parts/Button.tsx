import type { ComponentPropsWithoutRef, MouseEvent } from 'react';

interface Props extends ComponentPropsWithoutRef<'button'> {
  /** `main`: the one thing to do here; `plain`: others; `quiet`: without a frame; `stop`: ends something. */
  readonly look?: 'main' | 'plain' | 'quiet' | 'stop';
  /** It is being done: shows so, keeps its size and its focus, and takes no further press. */
  readonly busy?: boolean;
}

/** The browser's own button, in the dress of this app. */
export function Button({ look = 'plain', busy = false, className, onClick, children, ...rest }: Props) {
  const press = (event: MouseEvent<HTMLButtonElement>) => {
    if (busy) event.preventDefault();
    else onClick?.(event);
  };
  return (
    <button
      type="button"
      {...rest}
      className={`button button-${look}${className === undefined ? '' : ` ${className}`}`}
      aria-busy={busy || undefined}
      onClick={press}
    >
      {children}
    </button>
  );
}
