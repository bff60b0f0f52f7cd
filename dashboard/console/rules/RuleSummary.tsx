import type { Purpose } from '../../../rules/step.ts';
import { PURPOSE_WORDS } from '../../look/reasons.ts';
import { audienceInWords } from './AudienceFields.tsx';
import { conditionInWords } from './ConditionField.tsx';
import { textAt } from './document-fields.ts';
import { experimentInWords } from './ExperimentFields.tsx';
import type { RuleNeed } from './edit.ts';
import { limitsInWords } from './LimitFields.tsx';
import { scheduleInWords } from './ScheduleFields.tsx';
import { triggerInWords } from './trigger-words.ts';
import { usePlaceName } from './use-rule-names.ts';

/** The whole rule in words, as somebody would say it to a colleague. */
export function RuleSummary({ document }: { document: unknown }) {
  const place = usePlaceName(textAt(document, ['trigger', 'place', 'id']));
  return (
    <dl className="rule-summary">
      <div>
        <dt>When</dt>
        <dd>{triggerInWords(document, { place: () => place })}</dd>
      </div>
      <div>
        <dt>Only if</dt>
        <dd>{textAt(document, ['when']) === '' ? 'always' : <code>{conditionInWords(document)}</code>}</dd>
      </div>
      <div>
        <dt>For</dt>
        <dd>{audienceInWords(document)}</dd>
      </div>
      <div>
        <dt>Hours</dt>
        <dd>{scheduleInWords(document)}</dd>
      </div>
      <div>
        <dt>Limits</dt>
        <dd>{limitsInWords(document)}</dd>
      </div>
      <div>
        <dt>Experiment</dt>
        <dd>{experimentInWords(document)}</dd>
      </div>
    </dl>
  );
}

/** What people must have agreed to before this rule may send to them. */
export function Purposes({
  purposes,
  needs = [],
}: {
  purposes: readonly Purpose[] | null;
  needs?: readonly RuleNeed[];
}) {
  if (purposes === null)
    return <p className="soft">What people must have agreed to is known once the rule has no problem.</p>;
  return (
    <>
      <p>
        Needs <PurposeList purposes={purposes} />. It goes only to people who agreed to{' '}
        {purposes.length > 1 ? 'all of these' : 'this'}.
      </p>
      <ul className="purposes">
        {purposes.map((purpose) => (
          <li key={purpose}>
            <strong>{PURPOSE_WORDS[purpose].title}</strong>{' '}
            <span className="soft">{PURPOSE_WORDS[purpose].meaning}</span>
            <Because needs={needs.filter((need) => need.purpose === purpose)} />
          </li>
        ))}
      </ul>
    </>
  );
}

/** More of them say nothing more. */
const MOST_SHOWN = 5;

/** Why a purpose is needed, so that nobody asks for health data by a word in a text without seeing it. */
function Because({ needs }: { needs: readonly RuleNeed[] }) {
  const shown = [...new Set(needs.map(({ why }) => why))];
  if (shown.length === 0) return null;
  return (
    <ul className="because">
      {shown.slice(0, MOST_SHOWN).map((why) => (
        <li key={why}>Because {why}.</li>
      ))}
      {shown.length > MOST_SHOWN && <li>And {shown.length - MOST_SHOWN} more.</li>}
    </ul>
  );
}

function PurposeList({ purposes }: { purposes: readonly Purpose[] }) {
  return purposes.map((purpose, index) => (
    <span key={purpose}>
      {index > 0 && (index === purposes.length - 1 ? ' and ' : ', ')}
      <code>{purpose}</code>
    </span>
  ));
}
