import { Button } from '@mantine/core';
import { Link } from 'wouter';
import { useMarkets } from '../use-role.ts';

interface Props {
  readonly title: string;
  readonly intro: string;
  /** Address of the list. */
  readonly href: string;
  /** What the button that begins a new one says. */
  readonly begin: string;
}

/** Heading of a list of areas, with the ways to add to it for who may. */
export function FenceListHead({ title, intro, href, begin }: Props) {
  const mayChange = useMarkets();
  return (
    <>
      <h1>{title}</h1>
      <p className="soft fence-intro">{intro}</p>
      {mayChange && (
        <div className="fence-buttons">
          <Button component={Link} href={`${href}?new`} size="sm">
            {begin}
          </Button>
          <Button component={Link} href={`${href}?import`} size="sm" variant="default">
            Import
          </Button>
        </div>
      )}
    </>
  );
}
