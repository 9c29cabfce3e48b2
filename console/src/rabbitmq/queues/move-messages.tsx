// The form that moves the messages of a queue to another one, with a shovel.

import Box from '@cloudscape-design/components/box';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useState } from 'react';
import { ConfirmDialog } from '../../parts/confirm-dialog.tsx';
import { TextField } from '../../parts/fields.tsx';
import { printable } from '../../parts/printable.ts';
import { useChange } from '../../parts/use-change.ts';
import { call } from '../api.ts';

interface MoveMessagesProps {
  readonly vhost: string;
  readonly name: string;
  readonly onEnd: () => void;
}

/** Moves the messages that are in a queue now. */
export function MoveMessages({ vhost, name, onEnd }: MoveMessagesProps) {
  const [to, setTo] = useState('');
  const move = useChange({
    call: () => {
      // Without a host, it is this broker.
      const uri = `amqp:///${encodeURIComponent(vhost)}`;
      const id = crypto.randomUUID().slice(0, 8);
      return call('PUT', ['parameters', 'shovel', vhost, `Move from ${name} ${id}`], {
        body: {
          value: {
            'src-protocol': 'amqp091',
            'src-uri': uri,
            'src-queue': name,
            'src-delete-after': 'queue-length',
            'dest-protocol': 'amqp091',
            'dest-uri': uri,
            'dest-queue': to,
            'dest-add-forward-headers': false,
            'ack-mode': 'on-confirm',
          },
        },
      });
    },
    done: () => `The messages of ${printable(name)} are being moved to ${printable(to)}.`,
    reads: ['queues', 'shovels'],
    onDone: onEnd,
  });
  return (
    <ConfirmDialog
      title={`Move messages of ${printable(name)}`}
      action="Move"
      change={move}
      isReady={to !== '' && to !== name}
      onDismiss={onEnd}
    >
      <SpaceBetween size="m">
        <Box>
          A shovel moves the messages that are in the queue now, one by one, and deletes itself at
          the end. A message is removed here when the other queue has it.
        </Box>
        <TextField
          label="To the queue"
          description="In the same virtual host. It is created if it does not exist."
          value={to}
          onChange={setTo}
        />
      </SpaceBetween>
    </ConfirmDialog>
  );
}
