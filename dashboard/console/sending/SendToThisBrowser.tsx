import { Button } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import type { TrialOutcome } from '../../../gateway/delivery/trial-push.ts';
import { ApiProblem } from '../../api/request.ts';
import { Refusal } from '../Refusal.tsx';
import { CannotTry, sendToThisBrowser, type TrialOffer } from './own-browser.ts';

/** Shows a marketer how an offer looks: it comes to this browser as it would come to people, and counts for nothing. */
export function SendToThisBrowser({ offer }: { offer: TrialOffer }) {
  const trial = useMutation({ mutationFn: () => sendToThisBrowser(offer) });
  const { error } = trial;
  return (
    <div className="trial">
      <Button size="compact-sm" variant="default" loading={trial.isPending} onClick={() => trial.mutate()}>
        Send to this browser
      </Button>
      {trial.data !== undefined && <p role="status">{wordsOf(trial.data)}</p>}
      {error instanceof ApiProblem ? (
        <Refusal error={error} />
      ) : (
        error !== null && (
          <p className="refusal" role="alert">
            {error instanceof CannotTry
              ? `${error.message}.`
              : 'The browser could not subscribe to notifications. It may be offline, or keep them off for this site.'}
          </p>
        )
      )}
    </div>
  );
}

function wordsOf({ outcome, reason }: TrialOutcome): string {
  switch (outcome) {
    case 'sent':
      return 'It is on its way.';
    case 'retry':
      return 'The push service does not answer at the moment. Try it again in a minute.';
    case 'gone':
      return 'The subscription of this browser had ended. Try it once more.';
    case 'failed':
      if (reason === 'sending_stopped') return 'All sending is stopped, trials too.';
      if (reason === 'offer_too_large') return 'The offer is too long for a push message.';
      return `The push service refused it${reason === undefined ? '' : ` (${reason})`}.`;
  }
}
