// The form for a new durable subscription.

import SpaceBetween from '@cloudscape-design/components/space-between';
import { useState } from 'react';
import { ConfirmDialog } from '../../parts/confirm-dialog.tsx';
import { TextField } from '../../parts/fields.tsx';
import { printable } from '../../parts/printable.ts';
import { useChange } from '../../parts/use-change.ts';
import { act } from '../api.ts';

/** Creates a durable subscription. */
export function CreateSubscriber({ onEnd }: { readonly onEnd: () => void }) {
  const [clientId, setClientId] = useState('');
  const [subscriberName, setName] = useState('');
  const [topic, setTopic] = useState('');
  const [selector, setSelector] = useState('');
  const create = useChange({
    call: () =>
      act('createSubscriber', { clientId, subscriberName, JMSDestination: topic, selector }),
    done: () => `The subscriber ${printable(subscriberName)} is created.`,
    reads: ['subscribers', 'topics', 'overview'],
    onDone: onEnd,
  });
  return (
    <ConfirmDialog
      title="Create subscriber"
      action="Create"
      change={create}
      isReady={[clientId, subscriberName, topic].every((text) => text !== '')}
      onDismiss={onEnd}
    >
      <SpaceBetween size="m">
        <TextField label="Client ID" value={clientId} onChange={setClientId} />
        <TextField label="Subscriber name" value={subscriberName} onChange={setName} />
        <TextField
          label="Topic"
          description="It may have wildcards: orders.*, or orders.>"
          value={topic}
          onChange={setTopic}
        />
        <TextField
          label="Selector"
          description="Optional: region = 'eu' AND priority > 3"
          value={selector}
          onChange={setSelector}
        />
      </SpaceBetween>
    </ConfirmDialog>
  );
}
