/** Calls under way at a time. */
const PARALLEL_CALLS = 8;

/** Runs `work` for each item, a few at a time; the first failure ends it. */
export async function inParallel<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const queue = items.values();
  const worker = async (): Promise<void> => {
    for (const item of queue) await work(item);
  };
  await Promise.all(Array.from({ length: PARALLEL_CALLS }, worker));
}
