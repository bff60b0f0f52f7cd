/** What somebody wrote and did not save, kept in this tab: a step back in the browser must not cost them their work. */
interface KeptDraft {
  readonly text: string;
  /** Version of the rule on which they began; 0 for a new one. */
  readonly version: number;
}

const keyOf = (rule: string | null): string => `wayside-rule-draft:${rule ?? ''}`;

export function keepDraft(rule: string | null, draft: KeptDraft): void {
  sessionStorage.setItem(keyOf(rule), JSON.stringify(draft));
}

export function dropDraft(rule: string | null): void {
  sessionStorage.removeItem(keyOf(rule));
}

/** The draft that was kept, or null. */
export function keptDraft(rule: string | null): KeptDraft | null {
  const text = sessionStorage.getItem(keyOf(rule));
  return text === null ? null : (JSON.parse(text) as KeptDraft);
}

/** What a new rule begins as: it disturbs nobody more than once a day. */
export const NEW_RULE = `id: ""
name: ""
trigger: { place: { tag: "" }, on: enter }
limits: { cooldown: P1D }
offer:
  title: ""
  body: ""
  expires: PT1H
`;

const LONGEST_ID = 60;

/** An id made of a name: "Café & more" becomes "cafe-more". */
export function idOfName(name: string): string {
  return name
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, LONGEST_ID)
    .replace(/^-+|-+$/g, '');
}
