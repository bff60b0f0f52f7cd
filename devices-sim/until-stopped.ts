/** Resolves on Ctrl-C, on SIGTERM, or after so many seconds where given. */
export function untilStopped(seconds?: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = seconds === undefined ? null : setTimeout(finish, seconds * 1000);
    function finish(): void {
      if (timer !== null) clearTimeout(timer);
      resolve();
    }
    // For good, as a terminal and npm may both pass on the same Ctrl-C.
    process.on('SIGINT', finish);
    process.on('SIGTERM', finish);
  });
}
