// What can be done with a queue as a whole.

import { ActionDialog } from '../../broker/action-dialog.tsx';
import { printable } from '../../parts/printable.ts';
import { open } from '../../router.ts';
import { act } from '../api.ts';
import { TransferDialog } from '../messages/transfer-dialog.tsx';

/** An action. */
export type QueueAction = 'purge' | 'move' | 'retry' | 'delete';

interface QueueActionsProps {
  readonly name: string;
  readonly action: QueueAction;
  readonly onEnd: () => void;
}

/** Asks before an action. */
export function QueueActions({ name, action, onEnd }: QueueActionsProps) {
  const shown = printable(name);
  switch (action) {
    case 'move':
      return (
        <TransferDialog
          title={`Move messages of ${shown}`}
          action="Move"
          hasTarget
          onEnd={onEnd}
          call={(destination) => act('moveMessages', { JMSDestination: name, destination })}
        >
          Up to 1,000 messages that no consumer has are moved, from the first one on.
        </TransferDialog>
      );
    case 'retry':
      return (
        <TransferDialog
          title={`Retry messages of ${shown}`}
          action="Retry"
          onEnd={onEnd}
          call={() => act('retryMessages', { JMSDestination: name })}
        >
          Up to 1,000 messages go to the destinations from which they came, from the first one on.
          Messages without such a destination stay.
        </TransferDialog>
      );
    case 'purge':
      return (
        <ActionDialog
          kind="queue"
          name={name}
          action="Purge"
          call={() => act('purgeDestination', { JMSDestination: name })}
          done={`The queue ${shown} is purged.`}
          reads={['queues', 'messages', 'overview']}
          onEnd={onEnd}
        >
          All messages that no consumer has are removed, and do not become dead letters.
        </ActionDialog>
      );
    case 'delete':
      return (
        <ActionDialog
          kind="queue"
          name={name}
          isTyped
          call={() => act('deleteDestination', { JMSDestination: name })}
          reads={['queues', 'overview']}
          onDone={() => open('queues')}
          onEnd={onEnd}
        >
          The queue is deleted with all its messages. It must have no consumers.
        </ActionDialog>
      );
  }
}
