import { type ReactNode, useId } from 'react';

interface Props {
  readonly title: string;
  /** The heading is there for screen readers alone, where what follows says it to the eye. */
  readonly hideTitle?: boolean;
  /** What its address in the page is: `/me/settings#devices`. */
  readonly id?: string;
  readonly className?: string;
  readonly children: ReactNode;
}

/** A part of a page, with its heading. */
export function Card({ title, hideTitle = false, id, className, children }: Props) {
  const heading = useId();
  return (
    <section
      id={id}
      className={`card${className === undefined ? '' : ` ${className}`}`}
      aria-labelledby={heading}
    >
      <h2 id={heading} className={hideTitle ? 'visually-hidden' : undefined}>
        {title}
      </h2>
      {children}
    </section>
  );
}
