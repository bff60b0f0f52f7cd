interface Props {
  readonly problem: string;
  /** What the field would hold; null where nothing comes near what was written. */
  readonly mended: string | null;
  readonly onTake: (mended: string) => void;
}

/** What is wrong with a field, and a button that writes what was meant. */
export function Mend({ problem, mended, onTake }: Props) {
  return (
    <>
      {problem}
      {mended !== null && (
        <button type="button" className="mend" onClick={() => onTake(mended)}>
          Take “{mended}”
        </button>
      )}
    </>
  );
}
