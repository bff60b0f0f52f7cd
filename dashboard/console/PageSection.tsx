import { type ReactNode, useId } from 'react';

interface Props {
  readonly title: string;
  readonly intro: string;
  /** At the end of its head, such as the button that begins a new one. */
  readonly action?: ReactNode;
  readonly children: ReactNode;
}

/** One of several parts of a page, under a heading of its own. */
export function PageSection({ title, intro, action, children }: Props) {
  const heading = useId();
  return (
    <section className="page-section" aria-labelledby={heading}>
      <div className="page-section-head">
        <div>
          <h2 id={heading}>{title}</h2>
          <p className="soft">{intro}</p>
        </div>
        {action}
      </div>
      {children}
    </section>
  );
}
