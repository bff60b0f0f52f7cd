import { Button } from '@mantine/core';
import { listAt, type Path, textAt, valueAt } from './document-fields.ts';
import { useEdit } from './edit.ts';
import { NumberField, TextField } from './fields.tsx';
import { OfferFields } from './OfferFields.tsx';

const VARIANTS: Path = ['experiment', 'variants'];
const LETTERS = 'abcdefghij';
const MOST_VARIANTS = LETTERS.length;

/** Who gets nothing, so that it can be told what offers bring; and several wordings against each other. */
export function ExperimentFields() {
  const { document, set, setAll } = useEdit();
  const variants = listAt(document, VARIANTS);
  const offer = valueAt(document, ['offer']) ?? { title: '', body: '' };
  const begin = () =>
    setAll([
      [VARIANTS, ['a', 'b'].map((name) => ({ name, weight: 1, offer }))],
      [['offer'], undefined],
    ]);
  const drop = (index: number) => {
    const left = variants.filter((_, other) => other !== index);
    const last = valueAt(left, [0, 'offer']);
    if (left.length > 1) set(VARIANTS, left);
    else
      setAll([
        [VARIANTS, undefined],
        [['offer'], valueAt(document, ['offer']) ?? last],
      ]);
  };
  return (
    <>
      <NumberField
        path={['experiment', 'holdout']}
        factor={100}
        unit="%"
        label="Hold back"
        description="This share of people gets nothing, always the same ones. Only beside them can it be told what the offer brings."
        placeholder="0"
      />
      {variants.length === 0 ? (
        <Button variant="default" size="xs" onClick={begin}>
          Try several wordings against each other
        </Button>
      ) : (
        variants.map((variant, index) => (
          <fieldset key={LETTERS[index]} className="variant">
            <legend>Wording {textAt(variant, ['name']) || index + 1}</legend>
            <div className="pair">
              <TextField path={[...VARIANTS, index, 'name']} label="Name" required />
              <NumberField
                path={[...VARIANTS, index, 'weight']}
                label="Weight"
                description={shareInWords(variants, index)}
              />
            </div>
            {valueAt(variant, ['offer']) === undefined ? (
              <p className="soft">It sends the offer of the rule.</p>
            ) : (
              <OfferFields path={[...VARIANTS, index, 'offer']} />
            )}
            <Button variant="subtle" color="gray" size="xs" onClick={() => drop(index)}>
              Remove this wording
            </Button>
          </fieldset>
        ))
      )}
      {variants.length > 0 && variants.length < MOST_VARIANTS && (
        <Button
          variant="default"
          size="xs"
          onClick={() =>
            set([...VARIANTS, variants.length], {
              name: LETTERS[variants.length],
              weight: 1,
              offer: valueAt(variants[0], ['offer']) ?? offer,
            })
          }
        >
          Add a wording
        </Button>
      )}
    </>
  );
}

function shareInWords(variants: readonly unknown[], index: number): string {
  const weights = variants.map((variant) => Number(textAt(variant, ['weight']) || 1));
  const sum = weights.reduce((total, weight) => total + weight, 0);
  const share = (100 * (weights[index] ?? 0)) / sum;
  return Number.isFinite(share) ? `${Number(share.toPrecision(2))} % of those who are sent to` : '';
}

export function experimentInWords(document: unknown): string {
  const holdout = Number(textAt(document, ['experiment', 'holdout']));
  const wordings = listAt(document, VARIANTS).length;
  const parts = [
    holdout > 0 ? `${Number((100 * holdout).toPrecision(3))} % held back` : 'Nobody is held back',
    wordings === 0 ? '' : `${wordings} wordings`,
  ];
  return parts.filter((part) => part !== '').join(', ');
}
