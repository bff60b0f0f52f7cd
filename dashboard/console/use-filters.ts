import { useSearchParams } from 'wouter';

/** Filters of a list that stand in the address, so that a filtered list can be linked to; empty for none. */
export function useFilters<Name extends string>(
  names: readonly Name[],
): { readonly filters: Readonly<Record<Name, string>>; set(name: Name, value: string): void } {
  const [parameters, setParameters] = useSearchParams();
  const filters = Object.fromEntries(names.map((name) => [name, parameters.get(name) ?? ''])) as Record<
    Name,
    string
  >;
  return {
    filters,
    set: (name, value) =>
      setParameters(
        (before) => {
          const after = new URLSearchParams(before);
          if (value === '') after.delete(name);
          else after.set(name, value);
          return after;
        },
        { replace: true },
      ),
  };
}
