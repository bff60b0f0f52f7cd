import type { MqttClient } from 'mqtt';

/**
 * Cuts every connection at once, as a failing mobile cell or a power cut does: no DISCONNECT, and everybody comes back.
 *
 * @param everySeconds 0 for never
 * @param clients asked each time
 * @param onStorm told how many were cut
 * @returns the stop
 */
export function startReconnectStorms(
  everySeconds: number,
  clients: () => Iterable<MqttClient>,
  onStorm: (cut: number) => void,
): () => void {
  if (everySeconds === 0) return () => undefined;
  const timer = setInterval(() => {
    let cut = 0;
    for (const client of clients()) {
      if (!client.connected) continue;
      client.stream.destroy();
      cut += 1;
    }
    onStorm(cut);
  }, everySeconds * 1000);
  return () => clearInterval(timer);
}
