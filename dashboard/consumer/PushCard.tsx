import { Button, Loader } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { Icon } from '../look/icons.tsx';
import type { PushStatus } from './push-status.ts';

interface Props {
  readonly status: PushStatus;
  /** Whether at least one purpose is agreed to. */
  readonly agreed: boolean;
  readonly onTurnOn: () => Promise<void>;
  readonly onTurnOff: () => Promise<void>;
}

/** Whether this browser receives offers, in one sentence, with the one button that changes it. */
export function PushCard({ status, agreed, onTurnOn, onTurnOff }: Props) {
  const turnOn = useMutation({ mutationFn: onTurnOn });
  const turnOff = useMutation({ mutationFn: onTurnOff });
  const failure = turnOn.error ?? turnOff.error;
  return (
    <section className={`card push push-${status.kind}`} aria-label="Offers on this device">
      <span className="push-sign" aria-hidden="true">
        {status.kind === 'looking' ? (
          <Loader size={20} />
        ) : (
          <Icon name={status.kind === 'on' ? 'bell' : 'bellOff'} size={24} />
        )}
      </span>
      <div className="push-words" role="status">
        <Words status={status} agreed={agreed} />
      </div>
      {status.kind === 'off' && (
        <Button size="md" fullWidth loading={turnOn.isPending} onClick={() => turnOn.mutate()}>
          Turn on offers
        </Button>
      )}
      {status.kind === 'on' && (
        <Button
          variant="subtle"
          color="gray"
          size="compact-sm"
          loading={turnOff.isPending}
          onClick={() => turnOff.mutate()}
        >
          Turn off here
        </Button>
      )}
      {failure !== null && (
        <p className="push-failure" role="alert">
          That did not work: {failure.message}. Try again in a moment.
        </p>
      )}
    </section>
  );
}

function Words({ status, agreed }: { status: PushStatus; agreed: boolean }) {
  switch (status.kind) {
    case 'looking':
      return <strong>Looking whether this device receives offers …</strong>;
    case 'on':
      return agreed ? (
        <>
          <strong>Offers are on for this device</strong>
          <span className="soft">They come as notifications, also while this page is closed.</span>
        </>
      ) : (
        <>
          <strong>This device is ready</strong>
          <span className="soft">You have not agreed to any offers yet: choose below what you want.</span>
        </>
      );
    case 'off':
      return (
        <>
          <strong>Offers are off for this device</strong>
          <span className="soft">
            Turn them on, and your browser asks whether notifications may be shown.
          </span>
        </>
      );
    case 'denied':
      return (
        <>
          <strong>Notifications are blocked</strong>
          <span className="soft">
            This browser was told not to show any from this page. Allow them in the site settings, beside the
            address, and reload the page.
          </span>
        </>
      );
    case 'unsupported':
      return (
        <>
          <strong>This browser cannot receive offers</strong>
          <span className="soft">
            {status.needsHomeScreen
              ? 'On an iPhone or iPad, add this page to the Home Screen first (Share, then Add to Home Screen), and open it there.'
              : 'It does not support web notifications, or not in a private window. Your received offers are listed here all the same.'}
          </span>
        </>
      );
  }
}
