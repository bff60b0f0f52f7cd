/** One measured contender. */
export interface BenchRow {
  readonly subject: string;
  /** By column name; numbers are printed rounded. */
  readonly figures: Readonly<Record<string, number | string>>;
}

/** What one benchmark measured: contenders side by side in the same run. */
export interface BenchResult {
  readonly name: string;
  /** Machine, load and limits of the run, for the reader of the table. */
  readonly conditions: string;
  readonly columns: readonly string[];
  readonly rows: readonly BenchRow[];
  /** Ours beside a peer, with the figure that was aimed at. */
  readonly ratios: readonly { readonly name: string; readonly value: number; readonly aim: string }[];
}

export interface Bench {
  readonly name: string;
  readonly about: string;
  /** Takes so long that it runs only where it is asked for by name. */
  readonly byNameOnly?: boolean;
  /** @param progress told what is being measured, at least every few seconds */
  run(progress: (line: string) => void): Promise<BenchResult | readonly BenchResult[]>;
}
