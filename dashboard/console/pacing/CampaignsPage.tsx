import { Campaigns } from './Campaigns.tsx';
import { CodePools } from './CodePools.tsx';
import { GlobalCap } from './GlobalCap.tsx';

/** How much is sent: budgets of campaigns, one-time codes, and the cap across all rules. */
export function CampaignsPage() {
  return (
    <div className="list-page">
      <h1>Campaigns</h1>
      <p className="soft list-intro">How much may be sent, in all and to one person.</p>
      <Campaigns />
      <CodePools />
      <GlobalCap />
    </div>
  );
}
