/** filled in below */
export function ExplainPage() {
  return <p>Explain</p>;
}
