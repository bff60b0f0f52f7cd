import { textAt } from './document-fields.ts';
import { durationInWords, perDuration } from './duration.ts';
import { fieldId, useEdit } from './edit.ts';
import { DurationField, NameField, NumberField } from './fields.tsx';
import { useChoices } from './use-rule-names.ts';

const PER_CONSUMER = ['limits', 'perConsumer'] as const;

/** How seldom one person gets the offer, how many go out at all, and what the rule is worth beside others. */
export function LimitFields() {
  const { document, setAll } = useEdit();
  const campaigns = useChoices('campaigns');
  const ignores = textAt(document, ['limits', 'quietHours']) === 'ignore';
  const capped =
    textAt(document, [...PER_CONSUMER, 'count']) !== '' || textAt(document, [...PER_CONSUMER, 'per']) !== '';
  return (
    <>
      <DurationField
        path={['limits', 'cooldown']}
        label="Between two offers to one person, at least"
        description="Empty: no pause."
        unit="H"
      />
      <label className="check">
        <input
          type="checkbox"
          checked={capped}
          onChange={() => setAll([[PER_CONSUMER, capped ? undefined : { count: 2, per: 'P1D' }]])}
        />
        <span>At most so many for one person</span>
      </label>
      {capped && (
        <div className="pair">
          <NumberField path={[...PER_CONSUMER, 'count']} label="Offers" required />
          <DurationField path={[...PER_CONSUMER, 'per']} label="Within" unit="D" required />
        </div>
      )}
      <div className="pair">
        <NumberField
          path={['limits', 'total']}
          label="At most in all"
          description="Then the rule stops sending."
          placeholder="no limit"
        />
        <NumberField
          path={['weight']}
          label="Weight beside other rules"
          description="Two want the same moment: the more valuable wins."
          placeholder="1"
        />
      </div>
      <NameField
        path={['campaign']}
        label="Campaign"
        description="Shares the budget of a campaign. Empty: none."
        options={campaigns}
      />
      <label className="check" id={fieldId('limits.quietHours')}>
        <input
          type="checkbox"
          checked={ignores}
          onChange={() => setAll([[['limits', 'quietHours'], ignores ? undefined : 'ignore']])}
        />
        <span>
          Send in people’s quiet hours too
          <small className="soft block">For alerts and tests. Otherwise nobody is woken.</small>
        </span>
      </label>
    </>
  );
}

export function limitsInWords(document: unknown): string {
  const at = (...path: string[]) => textAt(document, path);
  const cooldown = at('limits', 'cooldown');
  const [count, per] = [at('limits', 'perConsumer', 'count'), at('limits', 'perConsumer', 'per')];
  const parts = [
    cooldown === '' ? '' : `${durationInWords(cooldown)} between offers`,
    count === '' ? '' : `${count} ${perDuration(per)} for each person`,
    at('limits', 'total') === '' ? '' : `${at('limits', 'total')} in all`,
    at('campaign') === '' ? '' : `campaign ${at('campaign')}`,
    at('weight') === '' ? '' : `weight ${at('weight')}`,
    at('limits', 'quietHours') === 'ignore' ? 'also in quiet hours' : '',
  ].filter((part) => part !== '');
  return parts.length === 0 ? 'No limit of its own' : parts.join(', ');
}
