import { useQuery } from '@tanstack/react-query';
import { request } from '../api/request.ts';

export interface PlaceTag {
  readonly tag: string;
  /** How many places carry it. */
  readonly places: number;
}

const MOST_TAGS = 100;

/** Tags that hold `text`, those of the most places first; none while they are not known. */
export function usePlaceTags(text = ''): readonly PlaceTag[] {
  const tags = useQuery({
    queryKey: ['place-tags', text],
    queryFn: () =>
      request<{ readonly tags: readonly PlaceTag[] }>(
        'GET',
        `/api/v1/place-search?${new URLSearchParams({ text, limit: String(MOST_TAGS) })}`,
      ),
  });
  return tags.data?.tags ?? [];
}
