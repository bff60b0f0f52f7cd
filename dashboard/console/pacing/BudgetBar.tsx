const COUNT = new Intl.NumberFormat();
/** From here on the bar warns. */
const NEARLY = 0.9;

interface Props {
  /** What is counted, such as "in all". */
  readonly label: string;
  readonly used: number;
  /** Null: no limit. */
  readonly of: number | null;
}

/** How much of a budget is used, as words and as a bar. */
export function BudgetBar({ label, used, of }: Props) {
  if (of === null) return <p className="budget">{`${COUNT.format(used)} ${label}, no limit`}</p>;
  const share = Math.min(1, used / of);
  const tone = used >= of ? 'budget-out' : share >= NEARLY ? 'budget-low' : '';
  return (
    <div className="budget">
      <span>
        {`${COUNT.format(used)} of ${COUNT.format(of)} ${label}`}
        {used >= of && <strong>, used up</strong>}
      </span>
      <span className={`budget-bar ${tone}`} aria-hidden="true">
        <span style={{ width: `${share * 100}%` }} />
      </span>
    </div>
  );
}
