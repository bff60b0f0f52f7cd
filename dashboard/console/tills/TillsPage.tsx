import { Redemptions } from './Redemptions.tsx';
import { Tills } from './Tills.tsx';

/** What redeems one-time codes, and what was redeemed. */
export function TillsPage() {
  return (
    <>
      <Tills />
      <Redemptions />
    </>
  );
}
