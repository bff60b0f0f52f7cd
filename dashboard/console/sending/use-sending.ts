import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useContext, useEffect } from 'react';
import type { Sending } from '../../../gateway/records/sending.ts';
import { request } from '../../api/request.ts';
import { LiveFeedContext } from '../../live/use-live.ts';

const PATH = '/api/v1/sending';
/** The live stream tells of changes at once; this is for where it was lost meanwhile. */
const ASK_EVERY_MS = 60_000;

/** Whether offers go out; every page that shows it changes together, whoever presses the switch. */
export function useSending() {
  const queries = useQueryClient();
  const feed = useContext(LiveFeedContext);
  useEffect(
    () => feed?.onSending(() => void queries.invalidateQueries({ queryKey: ['sending'] })),
    [feed, queries],
  );
  return useQuery({
    queryKey: ['sending'],
    queryFn: () => request<Sending>('GET', PATH),
    refetchInterval: ASK_EVERY_MS,
  });
}

export function putSending(stopped: boolean, note: string): Promise<Sending> {
  return request<Sending>('PUT', PATH, { stopped, note: note === '' ? null : note });
}
