/** Wakes one who waits for something to do. A ring while nobody waits is not lost: the next wait ends at once. */
export interface Doorbell {
  ring(): void;
  /** Waits for a ring; false where none came within `ms`, which without a number is as long as it takes. */
  rung(ms?: number): Promise<boolean>;
}

export function createDoorbell(): Doorbell {
  let isRung = false;
  let answer: () => void = () => undefined;
  return {
    ring() {
      isRung = true;
      answer();
    },
    async rung(ms) {
      if (!isRung) {
        await new Promise<void>((resolve) => {
          const timer = ms === undefined ? undefined : setTimeout(resolve, ms);
          answer = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
      const wasRung = isRung;
      isRung = false;
      return wasRung;
    },
  };
}
