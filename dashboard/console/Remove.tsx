import { Button } from '@mantine/core';
import { useState } from 'react';

/** Removes at the second press, for it can't be taken back. */
export function Remove({ what, onRemove }: { what: string; onRemove: () => void }) {
  const [asked, setAsked] = useState(false);
  return (
    <Button
      size="compact-sm"
      color="red"
      variant={asked ? 'filled' : 'default'}
      aria-label={asked ? `Remove ${what} for good` : `Remove ${what}`}
      onClick={() => (asked ? onRemove() : setAsked(true))}
      onBlur={() => setAsked(false)}
    >
      {asked ? 'Remove for good' : 'Remove'}
    </Button>
  );
}
