import { TextInput } from '@mantine/core';
import { useState } from 'react';
import { usePlaceTags } from '../use-place-tags.ts';

const MOST_SUGGESTED = 8;

interface Props {
  readonly tags: readonly string[];
  readonly onTags: (tags: readonly string[]) => void;
}

/** Tags as one line of text, with those that other places have to choose from. */
export function TagsField({ tags, onTags }: Props) {
  const [typed, setTyped] = useState<string | null>(null);
  const known = usePlaceTags();
  const others = known.filter(({ tag }) => !tags.includes(tag)).slice(0, MOST_SUGGESTED);
  return (
    <div>
      <TextInput
        label="Tags (may be left out)"
        description="By which rules speak of many places at once; separated by commas, such as coffee, chain:acme"
        value={typed ?? tags.join(', ')}
        onChange={(event) => {
          setTyped(event.currentTarget.value);
          onTags(tagsOf(event.currentTarget.value));
        }}
        onBlur={() => setTyped(null)}
      />
      {others.length > 0 && (
        <p className="fence-suggestions">
          {others.map(({ tag, places }) => (
            <button
              key={tag}
              type="button"
              aria-label={`Add the tag ${tag}`}
              title={`${places} places have it`}
              onClick={() => onTags([...tags, tag])}
            >
              {tag}
            </button>
          ))}
        </p>
      )}
    </div>
  );
}

const tagsOf = (text: string): string[] => [
  ...new Set(
    text
      .split(',')
      .map((tag) => tag.trim())
      .filter((tag) => tag !== ''),
  ),
];
