import type { ApiFieldProblem } from '../../api/request.ts';
import type { TrialOffer } from '../sending/own-browser.ts';
import { SendToThisBrowser } from '../sending/SendToThisBrowser.tsx';
import { useMarkets } from '../use-role.ts';
import { listAt, type Path, textAt } from './document-fields.ts';
import { fieldId, type RuleCheck } from './edit.ts';
import { OfferPreview, type RenderedPreview } from './OfferPreview.tsx';
import { isStillEmpty, sentence } from './problem-words.ts';
import { Purposes, RuleSummary } from './RuleSummary.tsx';

interface Props {
  readonly document: unknown;
  readonly check: RuleCheck | null;
  readonly problems: readonly ApiFieldProblem[];
  readonly onGoTo: (path: string) => void;
}

/** Beside the form: what people will see, what the rule says in words, what it needs, and what is still to do. */
export function SidePanel({ document, check, problems, onGoTo }: Props) {
  const mayTry = useMarkets();
  return (
    <aside className="editor-side" aria-label="What the rule does">
      <section className="surface side-part">
        <h2>What people see</h2>
        {offersOf(document).map(({ path, name }) => {
          const rendered = check?.previews?.find((one) => one.path === path.join('.'));
          return (
            <div key={path.join('.')}>
              {name !== null && <p className="soft">Wording {name}</p>}
              <OfferPreview document={document} path={path} rendered={rendered} />
              {mayTry && rendered !== undefined && <SendToThisBrowser offer={trialOf(rendered)} />}
            </div>
          );
        })}
        {(check?.previews?.length ?? 0) > 0 && <p className="soft">With sample values.</p>}
      </section>
      {problems.length > 0 && (
        <section className="surface side-part">
          <h2>{headOf(problems)}</h2>
          <ul className="todo">
            {problems.map(({ path, message }) => (
              <li key={`${path} ${message}`} className={isStillEmpty(message) ? 'todo-empty' : undefined}>
                <button type="button" className="mend" onClick={() => onGoTo(path)}>
                  {FIELD_LABELS[path] ?? (path === '' ? 'the rule' : path)}
                </button>{' '}
                <span>{sentence(message)}</span>
              </li>
            ))}
          </ul>
        </section>
      )}
      <section className="surface side-part">
        <h2>In words</h2>
        <RuleSummary document={document} />
      </section>
      <section className="surface side-part">
        <h2>Consent</h2>
        <Purposes purposes={check?.purposes ?? null} needs={check?.needs ?? []} />
      </section>
    </aside>
  );
}

function trialOf({ title, body, url, image }: RenderedPreview): TrialOffer {
  return { title, body, ...(url !== undefined && { url }), ...(image !== undefined && { image }) };
}

/** Fields as the form names them; others are called by their path, as in the YAML. */
const FIELD_LABELS: Readonly<Record<string, string>> = {
  name: 'Name',
  id: 'Id',
  'trigger.place.tag': 'Tag',
  'trigger.place.id': 'Place',
  'trigger.metric.name': 'Measurement',
  'trigger.event': 'Name of the event',
  'trigger.metric.above': 'Limit',
  'trigger.metric.below': 'Limit',
  'trigger.metric.for': 'And stays there for',
  'trigger.metric.rearm': 'Fires again once it was back at',
  'trigger.for': 'For at least',
  'trigger.within': 'At most this far away in time',
  'offer.title': 'Title',
  'offer.body': 'Text',
  'offer.url': 'Address that it opens',
  'offer.expires': 'Good for',
  'offer.code': 'One-time codes from',
  'offer.image': 'Picture',
  when: 'Condition',
  'audience.segment': 'Segment',
  'schedule.from': 'First day',
  'schedule.until': 'Last day',
  'schedule.timezone': 'Whose clock',
  'limits.cooldown': 'Between two offers',
  'limits.total': 'At most in all',
  campaign: 'Campaign',
  weight: 'Weight',
  'experiment.holdout': 'Hold back',
};

function headOf(problems: readonly ApiFieldProblem[]): string {
  if (problems.every(({ message }) => isStillEmpty(message))) return 'Still to write';
  return problems.length === 1 ? 'One thing to mend' : `${problems.length} things to mend`;
}

function offersOf(document: unknown): readonly { readonly path: Path; readonly name: string | null }[] {
  const variants = listAt(document, ['experiment', 'variants']);
  if (variants.length === 0) return [{ path: ['offer'], name: null }];
  return variants.map((variant, index) => ({
    path:
      typeof variant === 'object' && variant !== null && 'offer' in variant
        ? ['experiment', 'variants', index, 'offer']
        : ['offer'],
    name: textAt(variant, ['name']) || String(index + 1),
  }));
}

/** Brings somebody to the field of a problem, opening the part of the form in which it stands. */
export function goToField(path: string): void {
  const parts = path.split('.');
  for (let depth = parts.length; depth > 0; depth--) {
    const control = window.document.getElementById(fieldId(parts.slice(0, depth).join('.')));
    const found =
      control ?? window.document.querySelector<HTMLElement>(`[data-part="${CSS.escape(parts[0] ?? '')}"]`);
    if (control === null && depth > 1) continue;
    if (found === null) return;
    const fold = found.closest('details');
    if (fold !== null) fold.open = true;
    found.scrollIntoView({ block: 'center' });
    (control ?? found.querySelector('summary'))?.focus();
    return;
  }
}
