import { useSearchParams } from 'wouter';

/** Filters of a list that stand in the address, so that a filtered list can be linked to; empty for none. */
export function useFilters<Name extends string>(
  names: readonly Name[],
): {
  readonly filters: Readonly<Record<Name, string>>;
  set(name: Name, value: string): void;
  /** What the field of one filter is given. */
  field(name: Name): { readonly value: string; readonly onChange: (value: string) => void };
} {
  const [parameters, setParameters] = useSearchParams();
  const filters = Object.fromEntries(names.map((name) => [name, parameters.get(name) ?? ''])) as Record<
    Name,
    string
  >;
  const set = (name: Name, value: string) =>
    setParameters(
      (before) => {
        const after = new URLSearchParams(before);
        if (value === '') after.delete(name);
        else after.set(name, value);
        return after;
      },
      { replace: true },
    );
  return {
    filters,
    set,
    field: (name) => ({ value: filters[name], onChange: (value) => set(name, value) }),
  };
}
