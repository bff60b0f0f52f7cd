/** Gathering marks makes many of them one statement. */
const GATHER_MS = 20;

export interface Marks {
  readonly sent: readonly string[];
  readonly delivered: readonly string[];
}

/**
 * Notes in the records how far commands have come, many at a time. What is not noted yet when the process dies is sent once more:
 * at least once is what QoS 1 promises.
 */
export class CommandMarks {
  readonly #save: (marks: Marks) => Promise<void>;
  readonly #sent = new Set<string>();
  readonly #delivered = new Set<string>();
  #saving: Promise<void> | null = null;

  constructor(save: (marks: Marks) => Promise<void>) {
    this.#save = save;
  }

  sent(id: string): void {
    this.#sent.add(id);
    this.#saving ??= this.#run();
  }

  delivered(id: string): void {
    this.#delivered.add(id);
    this.#saving ??= this.#run();
  }

  /** Whether a command was acknowledged, though the records may not have it yet. */
  isDelivered(id: string): boolean {
    return this.#delivered.has(id);
  }

  /** Resolves when all is noted. */
  async settled(): Promise<void> {
    await this.#saving;
  }

  async #run(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, GATHER_MS));
    while (this.#sent.size > 0 || this.#delivered.size > 0) {
      const sent = [...this.#sent];
      const delivered = [...this.#delivered];
      await this.#save({ sent, delivered });
      // Kept until they are noted, so that no other connection of the device is sent them meanwhile. Others may have come since.
      for (const id of sent) this.#sent.delete(id);
      for (const id of delivered) this.#delivered.delete(id);
    }
    this.#saving = null;
  }
}
