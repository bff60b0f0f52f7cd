import { SegmentedControl } from '@mantine/core';
import { useState } from 'react';
import type { QuarantineRecord } from '../api/shapes.ts';
import { asHex, asText, bytesOf } from '../look/payload-dump.ts';

const WAYS = ['Text', 'Hex'] as const;
type Way = (typeof WAYS)[number];

/** All that was kept of a payload, as text or as bytes. */
export function PayloadView({ item }: { item: QuarantineRecord }) {
  const [way, setWay] = useState<Way>('Text');
  const bytes = bytesOf(item.payloadBase64);
  const sent = item.payloadBytes;
  return (
    <div className="payload-view">
      <div className="payload-head">
        <SegmentedControl
          size="xs"
          aria-label="Show the payload as"
          data={[...WAYS]}
          value={way}
          onChange={(value) => setWay(value as Way)}
        />
        <span className="soft">
          {sent !== null && sent > bytes.length
            ? `The first ${bytes.length.toLocaleString()} of ${sent.toLocaleString()} bytes`
            : item.cannotRetry === 'truncated'
              ? `The first ${bytes.length.toLocaleString()} bytes`
              : `${bytes.length.toLocaleString()} bytes`}
        </span>
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable with the keyboard */}
      <section className="payload-dump" tabIndex={0} aria-label={`Payload as ${way.toLowerCase()}`}>
        <pre>{way === 'Text' ? asText(bytes) : asHex(bytes)}</pre>
      </section>
    </div>
  );
}
