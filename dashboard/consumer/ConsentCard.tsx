import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { Purpose } from '../../rules/step.ts';
import { request } from '../api/request.ts';
import type { Me } from '../api/shapes.ts';
import { PURPOSE_WORDS } from '../look/reasons.ts';
import { SwitchRow } from './SwitchRow.tsx';

const PURPOSES = Object.keys(PURPOSE_WORDS) as Purpose[];

/** One switch for each purpose; each takes effect at once. */
export function ConsentCard({ me, onGranted }: { me: Me; onGranted: () => void }) {
  const queries = useQueryClient();
  const change = useMutation({
    mutationFn: ({ purpose, granted }: { purpose: Purpose; granted: boolean }) =>
      request('PUT', `/api/v1/me/consents/${purpose}`, { granted }),
    onMutate: ({ purpose, granted }) => {
      if (granted) onGranted();
      // The switch moves under the finger; the answer of the gateway has the last word.
      queries.setQueryData<Me>(
        ['me'],
        (before) =>
          before && {
            ...before,
            consents: [
              ...before.consents.filter((consent) => consent.purpose !== purpose),
              { purpose, granted, source: 'me', at: Date.now() },
            ],
          },
      );
    },
    onSettled: () => queries.invalidateQueries({ queryKey: ['me'], exact: true }),
  });
  return (
    <section className="card" aria-labelledby="consents">
      <h2 id="consents">What you agree to</h2>
      <p className="soft">Nothing is used for offers unless it is on here. You can change it at any time.</p>
      {PURPOSES.map((purpose) => {
        const { title, meaning } = PURPOSE_WORDS[purpose];
        return (
          <SwitchRow
            key={purpose}
            title={title}
            meaning={meaning}
            checked={me.consents.some((consent) => consent.purpose === purpose && consent.granted)}
            onChange={(granted) => change.mutate({ purpose, granted })}
          />
        );
      })}
      {change.isError && (
        <p className="push-failure" role="alert">
          That was not saved: {change.error.message}. The switch shows what is in force.
        </p>
      )}
    </section>
  );
}
