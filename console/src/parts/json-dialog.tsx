// A document in full.

import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import CopyToClipboard from '@cloudscape-design/components/copy-to-clipboard';
import Modal from '@cloudscape-design/components/modal';
import SpaceBetween from '@cloudscape-design/components/space-between';
import type { KeyboardEvent } from 'react';
import { printable, printableText } from './printable.ts';

interface JsonDialogProps {
  readonly title: string;
  /** JSON, or another text. */
  readonly text: string;
  readonly onEnd: () => void;
}

/** Shows a document, JSON with indentation. */
export function JsonDialog({ title, text, onEnd }: JsonDialogProps) {
  const document = indented(text);
  return (
    <span role="none" onKeyDown={keepEscape}>
      <Modal
        visible
        size="large"
        header={printable(title)}
        closeAriaLabel="Close"
        onDismiss={onEnd}
        footer={
          <Box float="right">
            <SpaceBetween direction="horizontal" size="xs">
              <CopyToClipboard
                textToCopy={document}
                copyButtonText="Copy"
                copySuccessText="Copied"
                copyErrorText="The browser did not copy it"
              />
              <Button onClick={onEnd}>Close</Button>
            </SpaceBetween>
          </Box>
        }
      >
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable. */}
        <pre className="console-code" tabIndex={0}>
          {printableText(document)}
        </pre>
      </Modal>
    </span>
  );
}

/** React passes events of this dialog on to one around it, which Escape would close too. */
function keepEscape(event: KeyboardEvent): void {
  if (event.key === 'Escape') event.stopPropagation();
}

/** JSON with indentation; another text as it is. */
export function indented(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
