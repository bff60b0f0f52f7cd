import { type QueryClient, useMutation, useQueryClient } from '@tanstack/react-query';
import { createContext, type ReactNode, useContext, useEffect, useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { request } from '../../api/request.ts';
import { Icon } from '../../look/icons.tsx';
import { Button } from '../parts/Button.tsx';
import { Card } from '../parts/Card.tsx';
import { FailureLine } from '../parts/Failure.tsx';
import { turnOff } from '../push/browser-push.ts';
import { STATUS_KEY } from '../push/use-push.ts';
import { ME_KEY } from './use-me.ts';
import { onWorkerMessage } from './worker-messages.ts';

interface Stopping {
  /** Everything was stopped since the app was opened, and nothing turned on again. */
  readonly isStopped: boolean;
  readonly setStopped: (isStopped: boolean) => void;
}

const StoppingContext = createContext<Stopping | null>(null);

/** Knows whether everything was stopped: here, or on a notification. */
export function StoppingProvider({ children }: { readonly children: ReactNode }) {
  const [isStopped, setStopped] = useState(false);
  const queries = useQueryClient();
  useEffect(
    () =>
      onWorkerMessage('stopped', () => {
        setStopped(true);
        lookAgain(queries);
      }),
    [queries],
  );
  return (
    <StoppingContext value={useMemo(() => ({ isStopped, setStopped }), [isStopped])}>
      {children}
    </StoppingContext>
  );
}

/** Asks for what has changed; not for all, for to bring push up to date belongs to a state that is known to be new. */
function lookAgain(queries: QueryClient): void {
  void queries.invalidateQueries({ queryKey: ME_KEY });
  void queries.invalidateQueries({ queryKey: STATUS_KEY });
}

export function useStopping(): Stopping {
  const stopping = useContext(StoppingContext);
  if (stopping === null) throw new Error('no StoppingProvider around this component');
  return stopping;
}

/** Says that it is done, and what follows. */
export function StoppedNote() {
  const { t } = useTranslation();
  const { isStopped } = useStopping();
  if (!isStopped) return null;
  return (
    <p className="card stopped" role="status">
      <strong>{t('stop.doneTitle')}</strong> {t('stop.doneText')}
    </p>
  );
}

/** One tap, no question: whoever wants out is out. */
export function StopCard() {
  const { t } = useTranslation();
  const { setStopped } = useStopping();
  const queries = useQueryClient();
  const stop = useMutation({
    mutationFn: async () => {
      await request('POST', '/api/v1/me/stop');
      setStopped(true);
      scrollTo({ top: 0 });
      // The gateway has forgotten every subscription by now: this ends the browser's own.
      await turnOff(false);
    },
    onSettled: () => lookAgain(queries),
  });
  return (
    <Card title={t('stop.button')} hideTitle className="stop">
      <p className="soft">{t('stop.meaning')}</p>
      <Button look="stop" busy={stop.isPending} onClick={() => stop.mutate()}>
        <Icon name="stop" />
        {t('stop.button')}
      </Button>
      <FailureLine error={stop.error} />
    </Card>
  );
}
