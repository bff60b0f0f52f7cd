/** filled in below */
export function RuleFunnel({ id }: { id: string }) {
  return <p>{id}</p>;
}
