import { CELL_STEPS } from './cell-steps.ts';
import type { CellFeature, CellsAnswer } from './use-cells.ts';

/** More rows than anybody reads. */
const MAX_ROWS = 50;

interface Props {
  readonly answer: CellsAnswer | undefined;
  readonly error: Error | null;
  /** Whether the cells are drawn on a map beside it; else the list is all there is. */
  readonly isOnMap: boolean;
}

/** What the cells of the grid mean, and the same as a list, for keyboards, screen readers and where there is no map. */
export function CellsPanel({ answer, error, isOnMap }: Props) {
  const list = answer === undefined ? null : <CellList cells={answer.features} />;
  return (
    <section className={isOnMap ? 'cells-panel surface' : 'cells-panel'} aria-label="Where devices were">
      <h2>Where devices were</h2>
      <p className="soft">
        The last 7 days, in cells of about 0.7 km². Cells with fewer than {answer?.leastDevices ?? 5} devices
        in a day are left out.
      </p>
      {error !== null && <p role="alert">It could not be loaded: {error.message}</p>}
      {answer?.numberMatched === 0 && <p>No cell had that many devices{isOnMap ? ' in this view' : ''}.</p>}
      {isOnMap && (
        <ul className="cells-legend">
          {CELL_STEPS.map(({ from, opacity, words }) => (
            <li key={from}>
              <span className="cells-swatch" style={{ opacity }} aria-hidden="true" />
              {words}
            </li>
          ))}
        </ul>
      )}
      {isOnMap && list !== null && answer !== undefined && answer.numberMatched > 0 ? (
        <details>
          <summary>As a list</summary>
          {list}
        </details>
      ) : (
        list
      )}
    </section>
  );
}

function CellList({ cells }: { readonly cells: readonly CellFeature[] }) {
  if (cells.length === 0) return null;
  const most = [...cells].sort((a, b) => b.properties.devices - a.properties.devices).slice(0, MAX_ROWS);
  return (
    <table>
      <thead>
        <tr>
          <th scope="col">Around</th>
          <th scope="col">Devices in a day</th>
          <th scope="col">Days</th>
        </tr>
      </thead>
      <tbody>
        {most.map((feature) => (
          <tr key={feature.properties.cell}>
            <th scope="row">{middleOf(feature)}</th>
            <td>{feature.properties.devices}</td>
            <td>{feature.properties.days}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** Latitude and longitude to some hundred metres, as much as the cell tells. */
function middleOf({ geometry }: CellFeature): string {
  const corners = geometry.coordinates[0]?.slice(1) ?? [];
  const mean = (axis: 0 | 1) =>
    corners.reduce((sum, corner) => sum + (corner[axis] ?? 0), 0) / corners.length;
  return `${mean(1).toFixed(3)}, ${mean(0).toFixed(3)}`;
}
