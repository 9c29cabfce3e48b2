// A note on characters that a field for text does not show.

import Box from '@cloudscape-design/components/box';
import { invisibleIn } from './printable.ts';

/** Names the invisible characters of a text that is edited; nothing without any. */
export function InvisibleNote({ text }: { readonly text: string }) {
  const found = invisibleIn(text);
  if (found.length === 0) return null;
  return (
    <Box color="text-status-warning">
      The text has characters that are invisible or turn text around: {found.join(', ')}
    </Box>
  );
}
