/** Receipts come by the thousand: the engine is told of them together. Rules weigh what people did lately, not this instant. */
const TELL_EVERY_MS = 250;

export interface AnsweredConsumers {
  add(consumer: string): void;
  stop(): void;
}

/**
 * Gathers consumers who answered an offer.
 *
 * @param tell gets each of them once, some time after
 */
export function gatherAnswered(tell: (consumers: readonly string[]) => void): AnsweredConsumers {
  const answered = new Set<string>();
  let timer: NodeJS.Timeout | undefined;
  return {
    add(consumer) {
      answered.add(consumer);
      timer ??= setTimeout(() => {
        timer = undefined;
        const consumers = [...answered];
        answered.clear();
        tell(consumers);
      }, TELL_EVERY_MS);
    },
    stop() {
      clearTimeout(timer);
    },
  };
}
