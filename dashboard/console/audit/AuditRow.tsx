import { Link } from 'wouter';
import type { AuditEntry } from '../../../gateway/records/audit.ts';
import { dayAndTimeOf, momentOf } from '../../look/when.ts';
import { actionWords, detailFields } from './audit-words.ts';

interface Props {
  readonly entry: AuditEntry;
  /** Filters the list by this subject. */
  readonly onSubject: (subject: string) => void;
  readonly onActor: (actor: string) => void;
}

/** One entry: who did what about whom. */
export function AuditRow({ entry, onSubject, onActor }: Props) {
  const { at, actor, subject, subjectRef, action, hash } = entry;
  const isErased = subjectRef !== undefined && subject === 'erased';
  const fields = detailFields(entry);
  return (
    <tr>
      <td className="nowrap">
        <time dateTime={new Date(at).toISOString()} title={momentOf(at)}>
          {dayAndTimeOf(at)}
        </time>
      </td>
      <td>
        <button type="button" className="audit-pick" title="All that they did" onClick={() => onActor(actor)}>
          {actor}
        </button>
      </td>
      <td>{actionWords(entry)}</td>
      <td>
        {action === 'people.read' && <span className="soft">everybody</span>}
        {subject !== '' && (
          <button
            type="button"
            className="audit-pick"
            title="All about it"
            onClick={() => onSubject(isErased ? subjectRef : subject)}
          >
            {isErased ? <em>erased</em> : subject}
          </button>
        )}
        {action.startsWith('device.') && !isErased && (
          <Link
            className="delivery-open"
            href={`/devices/${encodeURIComponent(subject)}`}
            aria-label={`Open device ${subject}`}
          >
            Open
          </Link>
        )}
      </td>
      <td className="why">
        {fields.map(({ name, text }) => (
          <span key={name} className="audit-field">
            <span className="soft">{name}</span> {text}
          </span>
        ))}
      </td>
      <td>
        <code className="audit-short-hash" title={hash}>
          {hash.slice(0, 12)}
        </code>
      </td>
    </tr>
  );
}
