// What went wrong, in the words of the service.

import Alert from '@cloudscape-design/components/alert';
import { beginningOf, printable, printableText } from './printable.ts';
import { StoredText } from './stored-text.tsx';

/** Maximum length of an error below a field, characters. */
const fieldLengthMax = 1000;

/** What browsers throw if no answer comes. Their own texts, such as "Failed to fetch", say less. */
function isUnreachable(error: unknown): boolean {
  return error instanceof TypeError && /fetch|NetworkError|Load failed/i.test(error.message);
}

/** The name of an error and what it says; no name for one that has none of its own. */
function textsOf(error: unknown): readonly [name: string | undefined, message: string] {
  if (isUnreachable(error)) {
    return [
      'No answer',
      'The service cannot be reached. If it starts again, try once more in a moment.',
    ];
  }
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  return [name === 'Error' ? undefined : printable(name), message];
}

/** Shows an error; nothing without one. */
export function ErrorAlert({ error }: { readonly error: unknown }) {
  if (error === null || error === undefined) return null;
  const [name = 'The call failed', message] = textsOf(error);
  return (
    <Alert type="error" header={name}>
      <StoredText text={message} hasLines />
    </Alert>
  );
}

/** An error as text, for forms, which frame it themselves; undefined without one. */
export function errorText(error: unknown): string | undefined {
  if (error === null || error === undefined) return undefined;
  const [name, message] = textsOf(error);
  const shown = printableText(beginningOf(message, fieldLengthMax));
  return name === undefined ? shown : `${name}: ${shown}`;
}
