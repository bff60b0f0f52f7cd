import { Problems } from '../Problems.tsx';
import { useMarkets } from '../use-role.ts';
import { BudgetBar } from './BudgetBar.tsx';
import { type Campaign, CampaignForm } from './CampaignForm.tsx';
import { PacingSection } from './PacingSection.tsx';
import { RowButtons } from './RowButtons.tsx';
import { useDocuments } from './use-documents.ts';
import { useEditing } from './use-editing.ts';

interface SentCampaign extends Campaign {
  readonly sent: { readonly total: number; readonly today: number };
}

/** Rules that share a budget of offers, with what is left of it. */
export function Campaigns() {
  const mayChange = useMarkets();
  const { list, save, remove } = useDocuments<SentCampaign>('/api/v1/campaigns');
  const { open, form } = useEditing(save);
  return (
    <PacingSection
      title="Budgets"
      intro="Rules of one campaign share its budget of offers, in all and a day. When it is used up they send no more."
      begin={mayChange && form === null ? 'New campaign' : null}
      onBegin={() => open('new')}
      columns={['Campaign', 'Sent in all', 'Sent today', 'Its days', 'Actions']}
      empty="There is no campaign yet. Make one, and name it in the rules that are to share its budget."
      list={list}
      form={
        <>
          {form !== null && <CampaignForm key={form.saved?.id ?? ''} {...form} />}
          <Problems error={remove.error} />
        </>
      }
    >
      {list.items.map((campaign) => (
        <tr key={campaign.id}>
          <th scope="row">
            {campaign.name}
            <small className="soft block">{campaign.id}</small>
          </th>
          <td>
            <BudgetBar label="in all" used={campaign.sent.total} of={campaign.budget.total ?? null} />
          </td>
          <td>
            <BudgetBar label="today" used={campaign.sent.today} of={campaign.budget.perDay ?? null} />
          </td>
          <td>{campaign.timezone ?? 'UTC'}</td>
          <td>
            <RowButtons
              name={campaign.name}
              removal="A campaign that a live or paused rule belongs to stays."
              onChange={() => open(campaign)}
              onRemove={() => remove.mutate(campaign.id)}
            />
          </td>
        </tr>
      ))}
    </PacingSection>
  );
}
