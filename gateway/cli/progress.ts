/** Work that is shorter is done before anybody wonders. */
const TELL_AFTER_MS = 2_000;
const TELL_EVERY_MS = 1_000;

/**
 * Tells how far a long piece of work is, a line a second, from its third second on.
 *
 * @param now epoch ms
 * @param out takes a line
 */
export function progressTeller(
  what: string,
  now: () => number,
  out: (line: string) => void,
): (doneBytes: number, totalBytes: number) => void {
  const began = now();
  let toldAt = began + TELL_AFTER_MS - TELL_EVERY_MS;
  return (doneBytes, totalBytes) => {
    if (now() - toldAt < TELL_EVERY_MS) return;
    toldAt = now();
    const share = totalBytes === 0 ? 0 : Math.min(1, doneBytes / totalBytes);
    out(`${what}: ${Math.floor(share * 100)} %, ${megabytes(doneBytes)} of ${megabytes(totalBytes)}`);
  };
}

/** Such as `12.3 MB`. */
export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
