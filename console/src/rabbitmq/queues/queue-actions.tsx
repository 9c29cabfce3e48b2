// What can be done with a queue as a whole.

import { printable } from '../../parts/printable.ts';
import { open } from '../../router.ts';
import { DeleteDialog } from '../parts/delete-dialog.tsx';
import { MoveMessages } from './move-messages.tsx';

/** An action. */
export type QueueAction = 'purge' | 'move' | 'delete';

interface QueueActionsProps {
  readonly vhost: string;
  readonly name: string;
  readonly action: QueueAction;
  readonly onEnd: () => void;
}

/** Asks before an action. */
export function QueueActions({ vhost, name, action, onEnd }: QueueActionsProps) {
  if (action === 'move') return <MoveMessages vhost={vhost} name={name} onEnd={onEnd} />;
  if (action === 'purge') {
    return (
      <DeleteDialog
        kind="queue"
        name={name}
        path={['queues', vhost, name, 'contents']}
        action="Purge"
        done={`The queue ${printable(name)} is purged.`}
        reads={['queues', 'overview']}
        onEnd={onEnd}
      >
        All messages that are ready are removed, and are not dead-lettered. Messages that consumers
        have not acknowledged stay.
      </DeleteDialog>
    );
  }
  return (
    <DeleteDialog
      kind="queue"
      name={name}
      path={['queues', vhost, name]}
      isTyped
      reads={['queues', 'exchanges', 'overview']}
      onDone={() => open('queues')}
      onEnd={onEnd}
    >
      The queue is deleted with all its messages and bindings. Its consumers are cancelled.
    </DeleteDialog>
  );
}
