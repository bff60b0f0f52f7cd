import { Button } from '@mantine/core';
import type { ClaimCode } from '../api/shapes.ts';
import { QrCode } from '../look/QrCode.tsx';
import { dayAndTimeOf } from '../look/when.ts';
import { Secret } from './Secret.tsx';

/** A device's claim code to read, to scan, and to print as a label that travels with the device. */
export function ClaimLabel({ claim: { id, code, url, expiresAt } }: { readonly claim: ClaimCode }) {
  return (
    <div className="claim">
      <Secret
        title={`Code to claim ${id}`}
        secret={code}
        note={`Whoever scans it or types it on the consumer page first owns the device. Good until ${dayAndTimeOf(expiresAt)}.`}
      />
      <div className="claim-label">
        <QrCode text={url} label={`The code ${code} as a QR code`} />
        <p>
          <strong>{code}</strong>
          <span>{id}</span>
          <span className="claim-address">{url.replace(/^https?:\/\/|#.*$/g, '')}</span>
        </p>
      </div>
      <Button variant="default" onClick={() => print()}>
        Print the label
      </Button>
    </div>
  );
}
