import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { Till } from '../../../gateway/records/tills.ts';
import { request } from '../../api/request.ts';
import { dayAndTimeOf } from '../../look/when.ts';
import { ListFrame } from '../ListFrame.tsx';
import { Refusal } from '../Refusal.tsx';
import { Remove } from '../Remove.tsx';
import { useList } from '../use-list.ts';
import { useMarkets } from '../use-role.ts';
import { NewTill } from './NewTill.tsx';

const PATH = '/api/v1/tills';

/** Tills with their tokens. */
export function Tills() {
  const queries = useQueryClient();
  const list = useList<Till>(PATH);
  const mayChange = useMarkets();
  const refresh = () => queries.invalidateQueries({ queryKey: ['list', PATH] });
  const remove = useMutation({
    mutationFn: (id: string) => request('DELETE', `${PATH}/${encodeURIComponent(id)}`),
    onSuccess: refresh,
  });
  return (
    <ListFrame
      title="Tills"
      intro="What redeems the one-time codes of offers: a till, or a shop’s server for all of its tills. Its token opens nothing else."
      columns={['Name', 'Id', 'Added', 'Last code', ...(mayChange ? ['Remove'] : [])]}
      empty="There is no till."
      list={list}
      actions={
        mayChange && (
          <>
            <NewTill path={PATH} onMade={refresh} />
            <Refusal error={remove.error} />
          </>
        )
      }
    >
      {list.items.map(({ id, name, createdAt, lastRedemptionAt }) => (
        <tr key={id}>
          <th scope="row">{name}</th>
          <td>
            <code>{id}</code>
          </td>
          <td className="nowrap">{dayAndTimeOf(createdAt)}</td>
          <td className="nowrap">
            {lastRedemptionAt === null ? (
              <span className="soft">none yet</span>
            ) : (
              dayAndTimeOf(lastRedemptionAt)
            )}
          </td>
          {mayChange && (
            <td>
              <Remove what={name} onRemove={() => remove.mutate(id)} />
            </td>
          )}
        </tr>
      ))}
    </ListFrame>
  );
}
