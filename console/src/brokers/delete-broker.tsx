// Deleting a broker.

import { DeleteBrokerCommand } from '@aws-sdk/client-mq';
import { ConfirmDialog } from '../parts/confirm-dialog.tsx';
import { useChange } from '../parts/use-change.ts';
import { open } from '../router.ts';
import { mq } from './broker-calls.ts';

interface DeleteBrokerProps {
  readonly id: string;
  readonly name: string;
  readonly onEnd: () => void;
}

/** Asks, and deletes a broker. */
export function DeleteBroker({ id, name, onEnd }: DeleteBrokerProps) {
  const remove = useChange({
    call: () => mq().send(new DeleteBrokerCommand({ BrokerId: id })),
    done: `The broker ${name} is being deleted.`,
    reads: ['brokers', 'broker'],
    onDone: () => {
      onEnd();
      open('brokers');
    },
  });
  return (
    <ConfirmDialog
      title={`Delete ${name}`}
      action="Delete"
      typed={name}
      warning="All messages, queues and users of the broker are deleted for ever. A KMS key that you manage stays, and so do backups."
      change={remove}
      onDismiss={onEnd}
    >
      Clients of the broker are disconnected at once.
    </ConfirmDialog>
  );
}
