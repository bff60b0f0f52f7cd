import { encode } from 'uqr';

/** Free modules around a QR code, as ISO/IEC 18004 asks. */
const QUIET_ZONE = 4;

interface Props {
  readonly text: string;
  /** What it holds, for who cannot scan it. */
  readonly label: string;
}

/** A text for a scanner. Dark on white in both themes, for scanners don't read it the other way round. */
export function QrCode({ text, label }: Props) {
  const { data, size } = encode(text, { ecc: 'M', border: QUIET_ZONE });
  const dark = data
    .flatMap((row, y) => row.map((isDark, x) => (isDark ? `M${x} ${y}h1v1h-1z` : '')))
    .join('');
  return (
    <svg
      className="qr"
      viewBox={`0 0 ${size} ${size}`}
      role="img"
      aria-label={label}
      shapeRendering="crispEdges"
    >
      <rect width={size} height={size} fill="#ffffff" />
      <path d={dark} fill="#000000" />
    </svg>
  );
}
