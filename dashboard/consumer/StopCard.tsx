import { Button } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { Icon } from '../look/icons.tsx';

/** One tap, no question: whoever wants out is out. */
export function StopCard({ onStop }: { onStop: () => Promise<void> }) {
  const stop = useMutation({ mutationFn: onStop });
  return (
    <section className="card stop" aria-label="Stop">
      <p className="soft">
        Withdraws everything you agreed to and ends offers in all your browsers, at once.
      </p>
      <Button
        size="md"
        className="stop-button"
        variant="outline"
        fullWidth
        leftSection={<Icon name="stop" />}
        loading={stop.isPending}
        onClick={() => stop.mutate()}
      >
        Stop everything
      </Button>
      {stop.isError && (
        <p className="push-failure" role="alert">
          That did not work: {stop.error.message}. Try again.
        </p>
      )}
    </section>
  );
}
