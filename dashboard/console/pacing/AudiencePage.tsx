import { Segments } from './Segments.tsx';
import { Traits } from './Traits.tsx';

/** Whom rules speak to: segments of people, and what is known of people. */
export function AudiencePage() {
  return (
    <div className="list-page">
      <h1>Audience</h1>
      <p className="soft list-intro">Whom rules speak to, and what they may ask about people.</p>
      <Segments />
      <Traits />
    </div>
  );
}
