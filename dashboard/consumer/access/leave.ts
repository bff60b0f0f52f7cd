import { request } from '../../api/request.ts';
import { turnOff } from '../push/browser-push.ts';
import { dropClaim } from '../settings/pending-claim.ts';
import { forgetKept } from '../shell/kept.ts';

/**
 * Signs out here, so that the next one at this browser sees and gets nothing of the person's; the app then opens at its way in.
 *
 * @param session what is to be deleted: this session, or all of them
 */
export async function leaveThisBrowser(session: '/api/v1/me/session' | '/api/v1/me/sessions'): Promise<void> {
  await turnOff(true);
  await request('DELETE', session);
  forgetKept();
  dropClaim();
  location.replace('/me');
}
