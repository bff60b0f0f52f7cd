/**
 * Milliseconds of processor time that this process has taken so far. By it, and not by the clock, is measured what must not take long: the
 * clock goes on while others have the processor.
 */
export function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
