import type { PlaceRecord } from '../api/shapes.ts';
import { dayAndTimeOf, momentOf } from '../look/when.ts';
import { ListFrame } from './ListFrame.tsx';
import { shapeInWords } from './shape-in-words.ts';
import { useList } from './use-list.ts';

/** The places that rules speak of, with their tags and their extent. */
export function PlacesPage() {
  const list = useList<PlaceRecord>('/api/v1/places');
  return (
    <ListFrame
      title="Places"
      intro="The named areas that rules speak of, by id or by tag. PUT /api/v1/places/{id} saves one, POST /api/v1/places/import many."
      columns={['Place', 'Shape', 'Tags', 'Changed']}
      empty="There is no place yet."
      list={list}
    >
      {list.items.map(({ id, name, feature, updatedAt }) => (
        <tr key={id}>
          <th scope="row">
            {name}
            <small className="soft block">{id}</small>
          </th>
          <td>{shapeInWords(feature)}</td>
          <td>{(feature.properties.tags ?? []).join(', ')}</td>
          <td className="nowrap">
            <time dateTime={new Date(updatedAt).toISOString()} title={momentOf(updatedAt)}>
              {dayAndTimeOf(updatedAt)}
            </time>
          </td>
        </tr>
      ))}
    </ListFrame>
  );
}
