// What can be done with one message.

import { ActionDialog } from '../../broker/action-dialog.tsx';
import { act } from '../api.ts';
import type { QueuedMessage } from '../model.ts';
import { TransferDialog } from './transfer-dialog.tsx';

/** An action. */
export type MessageAction = 'move' | 'copy' | 'retry' | 'delete';

interface MessageActionsProps {
  readonly queue: string;
  readonly message: QueuedMessage;
  readonly action: MessageAction;
  readonly onEnd: () => void;
}

const names = { move: 'Move', copy: 'Copy', retry: 'Retry' } as const;

const texts = {
  move: 'The message is moved unless a consumer has it. It keeps what is left of its time to live.',
  copy: 'A copy of the message is sent. It has what is left of the time to live.',
  retry: 'The message goes to the destination from which it became a dead letter.',
} as const;

/** Asks before an action. */
export function MessageActions({ queue, message, action, onEnd }: MessageActionsProps) {
  const { sequence, receivedAtMs } = message;
  // The time tells whether the queue has another message with this number now.
  const fields = { JMSDestination: queue, sequence, receivedAtMs };
  if (action === 'delete') {
    return (
      <ActionDialog
        kind="message"
        name={`message ${sequence}`}
        call={() => act('deleteMessage', fields)}
        done={`The message ${sequence} is deleted.`}
        reads={['queues', 'messages', 'overview']}
        onEnd={onEnd}
      >
        The message is deleted unless a consumer has it. It does not become a dead letter.
      </ActionDialog>
    );
  }
  return (
    <TransferDialog
      title={`${names[action]} message ${sequence}`}
      action={names[action]}
      hasTarget={action !== 'retry'}
      call={(destination) => act(`${action}Message`, { ...fields, destination })}
      onEnd={onEnd}
    >
      {texts[action]}
    </TransferDialog>
  );
}
