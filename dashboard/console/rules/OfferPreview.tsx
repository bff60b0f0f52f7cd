import { type Path, textAt, valueAt } from './document-fields.ts';

/** What an offer looks like with sample values: from the gateway, which writes real offers too. */
export interface RenderedPreview {
  /** Dotted path of the offer in the document. */
  readonly path: string;
  readonly title: string;
  readonly body: string;
  readonly url?: string;
  readonly image?: string;
}

/** The offer as a notification on a phone. */
export function OfferPreview({
  document,
  path,
  rendered,
}: {
  document: unknown;
  path: Path;
  rendered: RenderedPreview | undefined;
}) {
  if (valueAt(document, path) === undefined) return null;
  const shown = (field: 'title' | 'body' | 'url' | 'image') =>
    rendered?.[field] ?? textAt(document, [...path, field]);
  const image = shown('image');
  return (
    <div className="phone-note" aria-label="Preview of the notification" role="img">
      <div className="phone-note-head">
        <img src="/icons/logo.svg" width={16} height={16} alt="" />
        <span>{hostOf(shown('url'))}</span>
        <span className="soft">now</span>
      </div>
      <strong>{shown('title') || 'Title of the offer'}</strong>
      <span>{shown('body') || 'What it says.'}</span>
      {/^https:\/\/[^{}\s]+$/.test(image) && <img className="phone-note-image" src={image} alt="" />}
    </div>
  );
}

function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : 'Wayside';
}
