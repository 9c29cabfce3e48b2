// The form for a new queue or topic.

import { useState } from 'react';
import { ConfirmDialog } from '../../parts/confirm-dialog.tsx';
import { TextField } from '../../parts/fields.tsx';
import { printable } from '../../parts/printable.ts';
import { useChange } from '../../parts/use-change.ts';
import { act } from '../api.ts';

interface CreateDestinationProps {
  readonly kind: 'queue' | 'topic';
  readonly onEnd: () => void;
}

/** Creates a queue or a topic. */
export function CreateDestination({ kind, onEnd }: CreateDestinationProps) {
  const [name, setName] = useState('');
  const create = useChange({
    call: () => act('createDestination', { JMSDestination: name, JMSDestinationType: kind }),
    done: () => `The ${kind} ${printable(name)} is created.`,
    reads: ['queues', 'topics', 'overview'],
    onDone: onEnd,
  });
  return (
    <ConfirmDialog
      title={`Create ${kind}`}
      action="Create"
      change={create}
      isReady={name !== ''}
      onDismiss={onEnd}
    >
      <TextField label="Name" value={name} onChange={setName} />
    </ConfirmDialog>
  );
}
