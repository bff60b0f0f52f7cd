import { type ReactNode, useId } from 'react';

interface Props {
  readonly title: string;
  readonly meaning: string;
  readonly checked: boolean;
  readonly onChange: (checked: boolean) => void;
  /** What else there is to say or do about it. */
  readonly children?: ReactNode;
}

/**
 * One thing to turn on or off: its name, what it means, and a switch. The switch is the browser's own checkbox in another
 * dress, so that a finger, a key, a screen reader and a test all meet the same element.
 */
export function SwitchRow({ title, meaning, checked, onChange, children }: Props) {
  const id = useId();
  return (
    <div className="switch-row">
      <label htmlFor={id}>{title}</label>
      <p id={`${id}-meaning`} className="soft">
        {meaning}
      </p>
      <input
        id={id}
        type="checkbox"
        role="switch"
        aria-checked={checked}
        aria-describedby={`${id}-meaning`}
        checked={checked}
        onChange={(event) => onChange(event.currentTarget.checked)}
      />
      {children}
    </div>
  );
}
