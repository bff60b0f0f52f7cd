import { type ReactNode, useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'wouter';
import { Icon } from '../../look/icons.tsx';

interface Props {
  readonly title: string;
  /** Where the page lies below another: its address within the app, such as `/`, and its name. */
  readonly back?: { readonly to: string; readonly name: string };
  readonly children: ReactNode;
}

/** Whether the app has shown a page before; the browser itself places the focus on the first. */
let isFirst = true;

/** The frame of every page: its heading, the title of the tab, and the focus, which follows to the page one goes to. */
export function Page({ title, back, children }: Props) {
  const { t } = useTranslation();
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    if (!isFirst) heading.current?.focus({ preventScroll: true });
    isFirst = false;
  }, []);
  useEffect(() => {
    document.title = t('documentTitle', { page: title });
  }, [t, title]);
  return (
    <>
      {back !== undefined && (
        <Link href={back.to} className="back">
          <Icon name="back" />
          {back.name}
        </Link>
      )}
      <h1 ref={heading} tabIndex={-1}>
        {title}
      </h1>
      {children}
    </>
  );
}
