import { Button } from '@mantine/core';
import { useState } from 'react';

interface Props {
  /** What it is, such as `Token of car-1`. */
  readonly title: string;
  readonly secret: string;
  readonly note?: string;
}

/** A token, key or code that the gateway tells this once. */
export function Secret({ title, secret, note = 'It is shown this once, and kept nowhere.' }: Props) {
  const [copied, setCopied] = useState(false);
  return (
    <div className="secret-box" role="status">
      <strong>{title}</strong>
      <p className="secret">
        <code>{secret}</code>
        {/* Browsers give the clipboard to https and localhost only. */}
        {window.isSecureContext && (
          <Button
            size="compact-xs"
            variant="default"
            onClick={() => {
              void navigator.clipboard.writeText(secret).then(() => setCopied(true));
            }}
          >
            {copied ? 'Copied' : 'Copy'}
          </Button>
        )}
      </p>
      <p className="secret-note">{note}</p>
    </div>
  );
}
