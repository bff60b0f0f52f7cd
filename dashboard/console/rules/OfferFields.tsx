import { has, type Path, textAt } from './document-fields.ts';
import { useEdit } from './edit.ts';
import { DurationField, NameField, TextField } from './fields.tsx';
import { useChoices } from './use-rule-names.ts';

/** What people get to see. `path` is that of the offer: the rule's own, or a variant's. */
export function OfferFields({ path }: { path: Path }) {
  const pools = useChoices('code-pools');
  const { document } = useEdit();
  const example = has(document, ['trigger', 'place'])
    ? 'place.name'
    : `metrics.${textAt(document, ['trigger', 'metric', 'name']) || 'fuel'}`;
  return (
    <>
      <TextField
        path={[...path, 'title']}
        label="Title"
        description={`May name what is known then, such as {{ ${example} }}.`}
        required
      />
      <TextField path={[...path, 'body']} label="Text" lines={2} required />
      <TextField
        path={[...path, 'url']}
        label="Address that it opens"
        placeholder="https://example.com/offer"
        type="url"
      />
      <div className="pair">
        <DurationField
          path={[...path, 'expires']}
          label="Good for"
          description="Not shown later than that. Empty: 4 hours."
        />
        <NameField
          path={[...path, 'code']}
          label="One-time codes from"
          description={pools.length === 0 ? 'There is no code pool yet.' : 'Then {{ code }} is one of them.'}
          options={pools}
        />
      </div>
      <TextField
        path={[...path, 'image']}
        label="Picture"
        placeholder="https://example.com/offer.jpg"
        type="url"
      />
    </>
  );
}
