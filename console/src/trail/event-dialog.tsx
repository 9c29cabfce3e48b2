// An event in full.

import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import CopyToClipboard from '@cloudscape-design/components/copy-to-clipboard';
import Modal from '@cloudscape-design/components/modal';
import SpaceBetween from '@cloudscape-design/components/space-between';
import type { TrailEvent } from './events.ts';

interface EventDialogProps {
  readonly event: TrailEvent;
  readonly onEnd: () => void;
}

/** Shows the JSON of an event. */
export function EventDialog({ event, onEnd }: EventDialogProps) {
  const text = JSON.stringify(JSON.parse(event.text), null, 2);
  return (
    <Modal
      visible
      size="large"
      header={event.name}
      closeAriaLabel="Close"
      onDismiss={onEnd}
      footer={
        <Box float="right">
          <SpaceBetween direction="horizontal" size="xs">
            <CopyToClipboard
              textToCopy={text}
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
        {text}
      </pre>
    </Modal>
  );
}
