import { type ComponentPropsWithoutRef, useId } from 'react';

interface Props extends Omit<ComponentPropsWithoutRef<'input'>, 'id'> {
  readonly label: string;
  readonly description?: string;
  /** What is wrong with what stands in it, or null. */
  readonly error?: string | null;
}

/** A line to fill in, with its name, what it is for, and what is wrong with it. */
export function Field({ label, description, error = null, ...input }: Props) {
  const id = useId();
  const describedBy = [description && `${id}-what`, error !== null && `${id}-wrong`]
    .filter(Boolean)
    .join(' ');
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      {description !== undefined && (
        <p id={`${id}-what`} className="soft">
          {description}
        </p>
      )}
      <input
        {...input}
        id={id}
        aria-describedby={describedBy || undefined}
        aria-invalid={error !== null || undefined}
      />
      {error !== null && (
        <p id={`${id}-wrong`} className="wrong" role="alert">
          {error}
        </p>
      )}
    </div>
  );
}
