import { Button } from '@mantine/core';
import { useEffect, useRef } from 'react';
import { Link, useLocation } from 'wouter';

/** Where the console has no page: says so, and leads back. */
export function NotFoundPage() {
  const [path] = useLocation();
  const heading = useRef<HTMLHeadingElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another address is another page, and is told anew
  useEffect(() => {
    document.title = 'Page not found · Wayside';
    // The navigation marks no page as the one that is open: who hears the page is told by its heading where they are.
    heading.current?.focus();
  }, [path]);
  return (
    <div className="list-page not-found">
      <h1 ref={heading} tabIndex={-1}>
        Page not found
      </h1>
      <p>
        The console has no page at <code>{path}</code>. Check the address, or pick a page above.
      </p>
      <Button component={Link} href="/">
        To the live map
      </Button>
    </div>
  );
}
