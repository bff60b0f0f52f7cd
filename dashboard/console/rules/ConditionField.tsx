import { Textarea } from '@mantine/core';
import { useRef } from 'react';
import { textAt, valueAt } from './document-fields.ts';
import { useEdit, useField } from './edit.ts';
import { Mend } from './Mend.tsx';
import { mendedText } from './problem-words.ts';
import { type MetricInfo, type TraitInfo, useChoices, useMetrics, useTraits } from './use-rule-names.ts';

interface NameGroup {
  readonly title: string;
  readonly names: readonly { readonly name: string; readonly note: string }[];
}

const KIND_WORDS = { number: 'number', boolean: 'true or false', string: 'text' } as const;

/** The condition in CEL, with every name that it can use beside it: pressing one puts it where the cursor is. */
export function ConditionField() {
  const { id, value, problem, set, onBlur } = useField(['when']);
  const { document } = useEdit();
  const area = useRef<HTMLTextAreaElement>(null);
  const hasPlace = valueAt(document, ['trigger', 'place']) !== undefined;
  const groups = nameGroups(
    useMetrics(),
    useTraits(),
    useChoices('segments').map((one) => one.value),
    hasPlace,
  );
  const insert = (name: string) => {
    const box = area.current;
    const [start, end] = [box?.selectionStart ?? value.length, box?.selectionEnd ?? value.length];
    const before = value.slice(0, start);
    const glue = before === '' || /[\s(!]$/.test(before) ? '' : ' ';
    set(`${before}${glue}${name}${value.slice(end)}`);
    const caret = start + glue.length + name.length;
    requestAnimationFrame(() => {
      box?.focus();
      box?.setSelectionRange(caret, caret);
    });
  };
  return (
    <div className="condition">
      <Textarea
        ref={area}
        id={id}
        label="Condition"
        description="An expression, such as metrics.fuel < 0.15 && device.type == &quot;car&quot;. Empty: always."
        classNames={{ input: 'code-input' }}
        autosize
        minRows={3}
        maxRows={10}
        spellCheck={false}
        value={value}
        onBlur={onBlur}
        onChange={(event) => set(event.currentTarget.value === '' ? undefined : event.currentTarget.value)}
        error={problem && <Mend problem={problem} mended={mendedText(value, problem)} onTake={set} />}
      />
      <details className="names" open>
        <summary>Names that it can use</summary>
        <div className="names-groups">
          {groups.map(({ title, names }) => (
            <section key={title}>
              <h3>{title}</h3>
              <ul>
                {names.map(({ name, note }) => (
                  <li key={name}>
                    <button
                      type="button"
                      onClick={() => insert(name)}
                      title={`Put ${name} into the condition`}
                    >
                      <code>{name}</code>
                    </button>
                    <small className="soft">{note}</small>
                  </li>
                ))}
              </ul>
            </section>
          ))}
        </div>
      </details>
    </div>
  );
}

function nameGroups(
  metrics: readonly MetricInfo[],
  traits: readonly TraitInfo[],
  segments: readonly string[],
  hasPlace: boolean,
): readonly NameGroup[] {
  const always: NameGroup[] = [
    {
      title: 'What devices measure',
      names: metrics.map(({ name, kind, unit, types }) => ({
        name: /^[A-Za-z_]\w*$/.test(name) ? `metrics.${name}` : `metrics["${name}"]`,
        note: `${unit === '' ? KIND_WORDS[kind] : unit}, ${types.join(', ')}`,
      })),
    },
    {
      title: 'The device and where it is',
      names: [
        { name: 'device.type', note: 'such as "car"' },
        { name: 'device.id', note: 'text' },
        { name: 'position.speed', note: 'm/s' },
        { name: 'position.heading', note: 'degrees' },
        { name: 'position.accuracy', note: 'm' },
        { name: 'position.lat', note: 'degrees' },
        { name: 'position.lon', note: 'degrees' },
        { name: 'position.altitude', note: 'm' },
      ],
    },
    {
      title: 'The person',
      names: [
        ...traits.map(({ name, kind }) => ({ name: `consumer.attributes.${name}`, note: kind })),
        ...(traits.length === 0
          ? [{ name: 'consumer.attributes', note: 'what is known of them, such as consumer.attributes.plan' }]
          : []),
        { name: 'consumer.timezone', note: 'such as "Europe/Rome"' },
        ...segments.map((segment) => ({ name: `"${segment}" in segments`, note: 'is in this segment' })),
      ],
    },
    { title: 'The moment', names: [{ name: 'now', note: 'time, such as now.getHours("Europe/Rome")' }] },
  ];
  if (!hasPlace) return always;
  return [
    {
      title: 'The place and the visit',
      names: [
        { name: 'place.id', note: 'text' },
        { name: 'place.name', note: 'text' },
        { name: 'place.tags', note: 'list, such as "coffee" in place.tags' },
        { name: 'visit.enteredAt', note: 'time' },
      ],
    },
    ...always,
  ];
}

/** The condition in a few words, for when the part of the form is closed. */
export function conditionInWords(document: unknown): string {
  const text = textAt(document, ['when']);
  return text === '' ? 'Always' : text;
}
