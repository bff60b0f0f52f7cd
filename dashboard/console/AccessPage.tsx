import { FleetKeys } from './FleetKeys.tsx';
import { ServiceAccounts } from './ServiceAccounts.tsx';

/** Who besides registered devices may use the broker. */
export function AccessPage() {
  return (
    <>
      <ServiceAccounts />
      <FleetKeys />
    </>
  );
}
