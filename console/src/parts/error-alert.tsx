// What went wrong, in the words of the service.

import Alert from '@cloudscape-design/components/alert';
import { printable, printableText } from './printable.ts';

/** Shows an error; nothing without one. */
export function ErrorAlert({ error }: { readonly error: unknown }) {
  if (error === null || error === undefined) return null;
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  return (
    <Alert type="error" header={name === 'Error' ? 'The call failed' : printable(name)}>
      {printableText(message)}
    </Alert>
  );
}
