import { Button } from '@mantine/core';
import type { ReactNode } from 'react';
import { ListBody, type ListBodyProps } from '../ListBody.tsx';
import { PageSection } from '../PageSection.tsx';

interface Props extends ListBodyProps {
  readonly title: string;
  readonly intro: string;
  /** What the button that begins a new one says; null where it is not to be shown. */
  readonly begin: string | null;
  readonly onBegin: () => void;
  /** The form, where one is open, and what was said of the last change. */
  readonly form: ReactNode;
}

/** One kind of thing on a page that has several: heading, form, table. */
export function PacingSection({ title, intro, begin, onBegin, form, ...body }: Props) {
  const action = begin !== null && (
    <Button size="sm" variant="default" onClick={onBegin}>
      {begin}
    </Button>
  );
  return (
    <PageSection title={title} intro={intro} action={action}>
      {form}
      <ListBody title={title} more="Show more" loadingHeight={120} {...body} />
    </PageSection>
  );
}
