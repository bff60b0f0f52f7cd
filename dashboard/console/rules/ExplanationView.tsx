import { Link } from 'wouter';
import type { ConditionPart } from '../../../gateway/explain/condition-parts.ts';
import type { Evidence } from '../../../gateway/explain/evidence.ts';
import type { ExplainedRule } from '../../../gateway/explain/explain.ts';
import { REASON_WORDS } from '../../look/reasons.ts';
import { Pill, StateBadge } from '../../look/StateBadge.tsx';
import { dayAndTimeOf, momentOf, shortTimeOf, timeOf } from '../../look/when.ts';
import { useNames } from '../use-names.ts';
import type { Explanation } from './explain-shapes.ts';
import { RULE_STATES } from './rule-states.ts';

const VERDICTS = {
  sent: { label: 'Sent', tone: 'good' },
  suppressed: { label: 'Stopped', tone: 'warn' },
  not_triggered: { label: 'Not triggered', tone: 'quiet' },
} as const;

/** Every rule with what stopped it, and below what the devices said then. */
export function ExplanationView({ explanation }: { explanation: Explanation }) {
  const { rules, omitted, from, to, evidence, visits } = explanation;
  const names = useNames();
  const counts = { sent: 0, suppressed: 0, not_triggered: 0 };
  for (const { verdict } of rules) counts[verdict] += 1;
  return (
    <>
      <p className="explain-sum" role="status">
        {`From ${dayAndTimeOf(from)} to ${shortTimeOf(to)}: ${counts.sent} sent, ${counts.suppressed} stopped, ${counts.not_triggered} not triggered.`}
      </p>
      {rules.length === 0 && (
        <p className="surface list-empty soft">There was no rule then. Rules are written under “Rules”.</p>
      )}
      {rules.length > 0 && (
        <ol className="surface explained" aria-label="Rules">
          {rules.map((rule) => (
            <ExplainedLine key={rule.rule} rule={rule} />
          ))}
        </ol>
      )}
      {omitted > 0 && (
        <p className="soft">{`${omitted.toLocaleString()} more rules decided nothing then.`}</p>
      )}
      <section className="surface rule-section" aria-labelledby="explain-said">
        <h2 id="explain-said">What was known then</h2>
        {visits.map(({ id, place, device, enteredAt, exitedAt, endedBy }) => (
          <p key={id}>
            {`${device} was at ${names.place(place)} from ${dayAndTimeOf(enteredAt)} `}
            {exitedAt === undefined
              ? 'on'
              : `to ${timeOf(exitedAt)}${endedBy === 'silence' ? ', when it fell silent' : ''}`}
            .
          </p>
        ))}
        {visits.length === 0 && <p className="soft">No visit in this time.</p>}
        {evidence === null ? (
          <p className="soft">What the devices said cannot be read at the moment.</p>
        ) : (
          <EvidenceLines evidence={evidence} hasPlace={explanation.place !== null} />
        )}
      </section>
    </>
  );
}

function ExplainedLine({ rule }: { rule: ExplainedRule }) {
  const { verdict, reason, explanation, decision, decisions, delivery, state, condition } = rule;
  const words = REASON_WORDS[reason as keyof typeof REASON_WORDS] as string | undefined;
  return (
    <li className={`explained-${verdict}`}>
      <span className="explained-head">
        <Link href={`/rules/${encodeURIComponent(rule.rule)}`}>{rule.name}</Link>
        <small className="soft">
          {`v${rule.version}${state === null || state === 'live' ? '' : `, ${RULE_STATES[state].label.toLowerCase()}`}`}
        </small>
        <Pill tone={VERDICTS[verdict].tone}>{VERDICTS[verdict].label}</Pill>
        {delivery !== undefined && delivery.state !== 'sent' && <StateBadge state={delivery.state} />}
        {decision !== undefined && (
          <time className="soft" title={momentOf(decision.at)}>
            {timeOf(decision.at)}
          </time>
        )}
      </span>
      {words !== undefined && <strong>{words}</strong>}
      <span className={words === undefined ? undefined : 'soft'}>{explanation}</span>
      {condition !== undefined && (
        <ul className="condition-tree" aria-label="The condition, part by part">
          <ConditionTree part={condition} />
        </ul>
      )}
      {decisions.length > 1 && (
        <details className="as-table">
          <summary>{`All ${decisions.length} decisions of this time`}</summary>
          <ul>
            {decisions.map(({ id, at, outcome, detail }) => (
              <li key={id}>{`${timeOf(at)} ${outcome}: ${detail}`}</li>
            ))}
          </ul>
        </details>
      )}
    </li>
  );
}

/** A part of the condition, with its own parts below it. */
function ConditionTree({ part }: { part: ConditionPart }) {
  return (
    <li>
      <code className={part.stopped ? 'condition-stopped' : undefined}>{part.text}</code>
      {part.stopped && <strong> stopped it</strong>}
      {part.parts.length > 0 && (
        <ul>
          {part.parts.map((inner) => (
            <ConditionTree key={inner.text} part={inner} />
          ))}
        </ul>
      )}
    </li>
  );
}

function EvidenceLines({ evidence, hasPlace }: { evidence: Evidence; hasPlace: boolean }) {
  const { readings, positions, late, coarse, inside, nearestMetres, metrics, events, truncated } = evidence;
  const values = Object.entries(metrics);
  return (
    <>
      <p>
        {`${readings.toLocaleString()} readings, ${positions.toLocaleString()} with a position`}
        {hasPlace && positions > 0 && `, ${inside.toLocaleString()} of them inside the place`}
        {late > 0 && `, ${late.toLocaleString()} too late to act on`}
        {coarse > 0 && `, ${coarse.toLocaleString()} too inaccurate`}
        {nearestMetres !== null &&
          inside === 0 &&
          // Written as in the sentences about the rules.
          `; the nearest was ${nearestMetres} m away`}
        .
      </p>
      {values.length > 0 && (
        <p>
          {values.map(([name, { last, least, most }]) => (
            <span key={name} className="explain-metric">
              <code>{name}</code> {String(last)}
              {least !== undefined && most !== undefined && least !== most && (
                <span className="soft">{` (${least} to ${most})`}</span>
              )}
            </span>
          ))}
        </p>
      )}
      {events.length > 0 && <p>Events: {events.join(', ')}</p>}
      {truncated && <p className="soft">Only the first readings of that time were looked at.</p>}
    </>
  );
}
