/** What a part answered, or why it did not. */
export type Answer<T> =
  | { readonly value: T; readonly error?: undefined }
  | { readonly value?: undefined; readonly error: string };

/** Seconds-old answers would lie; a thread that does not answer for this long is not well. */
const ANSWER_WITHIN_MS = 2_000;

/** Asks a part; one that fails or hangs gives an error in time, and keeps none of the others from being told. */
export async function answerWithin<T>(ask: () => Promise<T>): Promise<Answer<T>> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<{ error: string }>((resolve) => {
    timer = setTimeout(() => resolve({ error: `no answer within ${ANSWER_WITHIN_MS} ms` }), ANSWER_WITHIN_MS);
  });
  try {
    return await Promise.race([
      (async () => ask())().then(
        (value) => ({ value }),
        (error: unknown) => ({ error: error instanceof Error ? error.message : String(error) }),
      ),
      late,
    ]);
  } finally {
    clearTimeout(timer);
  }
}
