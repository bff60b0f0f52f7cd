import type { Purpose } from '../../rules/step.ts';
import { WaysideError } from '../errors.ts';
import { LANGUAGES } from '../records/built-in-wordings.ts';
import type { ConsentPolicy } from '../records/consent-policy.ts';

/** A consent as a page sends it. */
interface ConsentGiven {
  readonly granted: boolean;
  readonly policyVersion?: number | undefined;
  readonly wording?: string | undefined;
}

/**
 * What a person said to words that this gateway showed them: nobody is noted to have agreed to what the policy does not say.
 *
 * @throws WaysideError `policy_changed` where a consent was given to another version, or to words that the policy does not have.
 * A withdrawal is taken whatever was shown.
 */
export function readConsentWords(policy: ConsentPolicy, purpose: Purpose, given: ConsentGiven): ConsentGiven {
  const { granted, policyVersion, wording } = given;
  const isOfNow = policyVersion === undefined || policyVersion === policy.version;
  const texts = LANGUAGES.map((language) => policy.wordings[purpose][language]);
  const isOurs = wording === undefined || texts.includes(wording);
  if (isOfNow && isOurs) return { granted, policyVersion, wording };
  if (!granted) return { granted };
  const detail = isOfNow
    ? `the policy has no such wording for ${purpose}`
    : `version ${policy.version} is in force, the consent was given to version ${policyVersion}`;
  throw new WaysideError('policy_changed', detail);
}
