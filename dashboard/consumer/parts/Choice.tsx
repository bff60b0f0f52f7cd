import { useId } from 'react';

interface Props<Value extends string> {
  readonly label: string;
  /** It is there for screen readers alone. */
  readonly hideLabel?: boolean;
  readonly options: readonly {
    readonly value: Value;
    readonly name: string;
    /** Where the name is not in the language of the page. */
    readonly lang?: string;
  }[];
  readonly chosen: Value;
  readonly onChoose: (value: Value) => void;
}

/** One of a few, side by side: the browser's own radio buttons in another dress. */
export function Choice<Value extends string>({
  label,
  hideLabel = false,
  options,
  chosen,
  onChoose,
}: Props<Value>) {
  const group = useId();
  return (
    <fieldset className="choice">
      <legend className={hideLabel ? 'visually-hidden' : undefined}>{label}</legend>
      <div className="choice-options">
        {options.map(({ value, name, lang }) => (
          <label key={value} lang={lang}>
            <input
              type="radio"
              name={group}
              value={value}
              checked={value === chosen}
              onChange={() => onChoose(value)}
            />
            <span>{name}</span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}
