import { useQuery } from '@tanstack/react-query';
import type { VerificationState } from '../../../gateway/audit/verification.ts';
import { request } from '../../api/request.ts';
import { Pill } from '../../look/StateBadge.tsx';
import { dayAndTimeOf } from '../../look/when.ts';
import { Refusal } from '../Refusal.tsx';

const WHILE_VERIFYING_MS = 1_000;
const ASK_AGAIN_MS = 60_000;

/** Whether the chain of the audit log verifies. */
export function VerificationBadge() {
  const verification = useQuery({
    queryKey: ['audit-verification'],
    queryFn: () => request<VerificationState>('GET', '/api/v1/audit/verification'),
    refetchInterval: ({ state: { data } }) =>
      data?.state === 'verifying' ? WHILE_VERIFYING_MS : ASK_AGAIN_MS,
  });
  if (verification.isPending) return <p className="soft audit-chain">Verifying the log …</p>;
  if (verification.isError) return <Refusal error={verification.error} />;
  const { state, broken, entries, progress, head, verifiedAt } = verification.data;
  return (
    <div className="surface audit-chain">
      <p role="status">
        {state === 'whole' && (
          <>
            <Pill tone="good">Chain whole</Pill>{' '}
            {`${count(entries)}, each hashed together with the one before.`}
          </>
        )}
        {state === 'broken' && (
          <>
            <Pill tone="bad">Chain broken</Pill> {broken?.detail}. {`Whole before it: ${count(entries)}.`}
          </>
        )}
        {state === 'verifying' && (
          <>
            <Pill tone="quiet">Verifying</Pill> {`${count(progress ?? 0)} so far.`}
          </>
        )}{' '}
        {verifiedAt !== null && <span className="soft">{`Verified ${dayAndTimeOf(verifiedAt)}.`}</span>}
      </p>
      {state === 'whole' && head !== null && (
        <p className="soft">
          Hash of the newest entry: <code className="audit-hash">{head.hash}</code> Kept elsewhere, it tells
          later whether the end was cut off: <code>npm run audit -- verify --expect</code>.
        </p>
      )}
    </div>
  );
}

function count(entries: number): string {
  return entries === 1 ? '1 entry' : `${entries.toLocaleString()} entries`;
}
