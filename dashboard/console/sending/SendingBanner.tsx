import { Link } from 'wouter';
import { Icon } from '../../look/icons.tsx';
import { momentOf } from '../../look/when.ts';
import { useSending } from './use-sending.ts';

/** On every page while all sending is stopped: nobody is to wonder why no offers come. */
export function SendingBanner() {
  const { data } = useSending();
  if (data?.stopped !== true) return null;
  const { note, changedAt, changedBy } = data;
  return (
    <div className="stop-banner" role="alert">
      <Icon name="bellOff" size={20} />
      <strong>All sending is stopped.</strong>
      <span>
        {note !== null && `${note} `}
        {changedAt !== null &&
          `Since ${momentOf(changedAt)}${changedBy === null ? '' : `, by ${changedBy}`}.`}
      </span>
      <Link href="/sending">Sending</Link>
    </div>
  );
}
