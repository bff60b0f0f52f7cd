import { setTimeout as delay } from 'node:timers/promises';

export interface DecisionCount {
  counts(): { readonly sent: number; readonly suppressed: number };
  stop(): void;
}

const REOPEN_AFTER_MS = 1000;

/**
 * Counts decisions as they happen, from the gateway's live stream (server-sent events). A stream that breaks off is opened
 * again; what was decided meanwhile is not counted.
 */
export function countDecisions(origin: string, token: string): DecisionCount {
  const counts = { sent: 0, suppressed: 0 };
  const abort = new AbortController();

  const readLine = (event: string, line: string): string => {
    if (line.startsWith('event:')) return line.slice('event:'.length).trim();
    if (event === 'decision' && line.startsWith('data:')) {
      const { decision } = JSON.parse(line.slice('data:'.length)) as { decision?: { outcome?: string } };
      counts[decision?.outcome === 'sent' ? 'sent' : 'suppressed'] += 1;
    }
    return event;
  };
  const readStream = async (): Promise<void> => {
    const response = await fetch(new URL('/api/v1/live', origin), {
      headers: { authorization: `Bearer ${token}`, accept: 'text/event-stream' },
      signal: abort.signal,
    });
    if (!response.ok || response.body === null) return;
    let event = '';
    let rest = '';
    for await (const text of response.body.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) event = readLine(event, line);
    }
  };
  const follow = async (): Promise<void> => {
    while (!abort.signal.aborted) {
      try {
        await readStream();
        await delay(REOPEN_AFTER_MS, undefined, { signal: abort.signal });
      } catch (error) {
        if (abort.signal.aborted) return;
        // Broken off, or the gateway is away: that it left is told elsewhere, here it is only tried again.
        if (!(error instanceof TypeError)) throw error;
        await delay(REOPEN_AFTER_MS);
      }
    }
  };

  void follow();
  return { counts: () => ({ ...counts }), stop: () => abort.abort() };
}
