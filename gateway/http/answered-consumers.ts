import type { HttpApp } from './context.ts';
import type { HttpDependencies } from './dependencies.ts';

/** Receipts come by the thousand: the engine is told of them together. Rules weigh what people did lately, not this instant. */
const TELL_EVERY_MS = 250;

interface AnsweredConsumers {
  add(consumer: string): void;
  stop(): void;
}

/**
 * Gathers consumers who answered an offer.
 *
 * @param tell gets each of them once, some time after
 */
function gatherAnswered(tell: (consumers: readonly string[]) => void): AnsweredConsumers {
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

/** As long as the app runs, tells the engine of consumers who answered. */
export function tellEngineOfAnswers(app: HttpApp, deps: HttpDependencies): Pick<AnsweredConsumers, 'add'> {
  const answered = gatherAnswered((ids) => {
    deps.changed({ kind: 'consumers', ids }).catch((error: unknown) => {
      deps.log.error({ err: error }, 'the engine could not be told of receipts');
    });
  });
  app.addHook('onClose', async () => answered.stop());
  return answered;
}
