// One message with its body.

import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Modal from '@cloudscape-design/components/modal';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Spinner from '@cloudscape-design/components/spinner';
import { JsonFact } from '../../broker/facts.tsx';
import { bytesText } from '../../broker/numbers.ts';
import { Details } from '../../parts/details.tsx';
import { ErrorAlert } from '../../parts/error-alert.tsx';
import { printable, printableText } from '../../parts/printable.ts';
import { Time } from '../../parts/time.tsx';
import type { OpenMessage, QueuedMessage } from '../model.ts';
import { useApi } from '../use-api.ts';
import type { MessageAction } from './message-actions.tsx';

interface MessageDialogProps {
  readonly queue: string;
  readonly message: QueuedMessage;
  readonly hasRetry: boolean;
  readonly onAction: (action: MessageAction) => void;
  readonly onEnd: () => void;
}

const actions: readonly (readonly [MessageAction, string])[] = [
  ['retry', 'Retry'],
  ['move', 'Move'],
  ['copy', 'Copy'],
  ['delete', 'Delete'],
];

/** Shows a message, and what can be done with it. */
export function MessageDialog(props: MessageDialogProps) {
  const { queue, message, hasRetry, onAction, onEnd } = props;
  const parts = ['queues', queue, 'messages', String(message.sequence)];
  const opened = useApi<OpenMessage>(parts, { isLive: false });
  return (
    <Modal
      visible
      size="large"
      header={`Message ${message.sequence}`}
      closeAriaLabel="Close"
      onDismiss={onEnd}
      footer={
        <Box float="right">
          <SpaceBetween direction="horizontal" size="xs">
            {actions
              .filter(([action]) => action !== 'retry' || hasRetry)
              .map(([action, text]) => (
                <Button key={action} onClick={() => onAction(action)}>
                  {text}
                </Button>
              ))}
          </SpaceBetween>
        </Box>
      }
    >
      <SpaceBetween size="m">
        <Fields message={message} />
        <ErrorAlert error={opened.error} />
        {opened.isLoading && <Spinner />}
        {opened.data && <Body message={opened.data} />}
      </SpaceBetween>
    </Modal>
  );
}

function Fields({ message }: { readonly message: QueuedMessage }) {
  const { expiresAtMs, properties } = message;
  const text = (value: string | null) => printable(value ?? '') || '–';
  return (
    <Details
      items={[
        { label: 'Message ID', value: text(message.messageId) },
        { label: 'Correlation ID', value: text(message.correlationId) },
        { label: 'Reply to', value: text(message.replyTo) },
        { label: 'Type', value: text(message.type) },
        { label: 'Group', value: text(message.groupId) },
        { label: 'Priority', value: message.priority },
        { label: 'Persistent', value: message.persistent ? 'yes' : 'no' },
        { label: 'Redelivered', value: message.redelivered ? 'yes' : 'no' },
        { label: 'Received', value: <Time at={new Date(message.receivedAtMs)} /> },
        {
          label: 'Expires',
          value: expiresAtMs === 0 ? 'never' : <Time at={new Date(expiresAtMs)} />,
        },
        { label: 'Properties', value: <JsonFact value={properties} /> },
      ]}
    />
  );
}

const encodings = { text: '', json: ', as JSON', base64: ', as base64' } as const;

function Body({ message: { body, bodyBytes } }: { readonly message: OpenMessage }) {
  const { content, encoding, isCut } = body;
  return (
    <div>
      <Box variant="awsui-key-label">
        Body, {bytesText(bodyBytes)}
        {encodings[encoding]}
        {isCut && ', of which the beginning is shown'}
      </Box>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable. */}
      <pre className="console-code console-payload" tabIndex={0}>
        {printableText(content)}
      </pre>
    </div>
  );
}
