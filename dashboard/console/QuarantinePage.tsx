import type { QuarantineRecord } from '../api/shapes.ts';
import { dayAndTimeOf, momentOf } from '../look/when.ts';
import { ListFrame } from './ListFrame.tsx';
import { useList } from './use-list.ts';

const SHOWN_CHARACTERS = 200;

/** Messages that were refused, with what was wrong. */
export function QuarantinePage() {
  const list = useList<QuarantineRecord>('/api/v1/quarantine');
  return (
    <ListFrame
      title="Quarantine"
      intro="Messages that could not be understood. Each was acknowledged, kept here, and its device told."
      columns={['Last seen', 'Device', 'What was wrong', 'Times', 'Payload']}
      empty="Nothing was refused."
      list={list}
    >
      {list.items.map((item) => (
        <tr key={item.id}>
          <td className="nowrap" title={momentOf(item.lastSeenAt)}>
            {dayAndTimeOf(item.lastSeenAt)}
          </td>
          <th scope="row">{item.device}</th>
          <td className="why">
            <strong>{item.message}</strong>
            <span className="soft">
              {item.code} · {item.topic}
            </span>
          </td>
          <td>{item.count.toLocaleString()}</td>
          <td>
            <code className="payload">{payloadText(item.payloadBase64)}</code>
          </td>
        </tr>
      ))}
    </ListFrame>
  );
}

/** The beginning of the payload as text; bytes that are no UTF-8 show as �. */
function payloadText(base64: string): string {
  const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  const text = new TextDecoder().decode(bytes);
  return text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)} …` : text;
}
