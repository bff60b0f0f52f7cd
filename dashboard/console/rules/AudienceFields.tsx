import { textAt } from './document-fields.ts';
import { NameField } from './fields.tsx';
import { useChoices } from './use-rule-names.ts';

/** Whom the rule is for. */
export function AudienceFields() {
  const segments = useChoices('segments');
  return (
    <NameField
      path={['audience', 'segment']}
      label="Only people of the segment"
      description={
        segments.length === 0
          ? 'There is no segment yet. Empty: everybody who agreed.'
          : 'Empty: everybody who agreed.'
      }
      options={segments}
    />
  );
}

export function audienceInWords(document: unknown): string {
  const segment = textAt(document, ['audience', 'segment']);
  return segment === '' ? 'Everybody who agreed' : `People of “${segment}”`;
}
