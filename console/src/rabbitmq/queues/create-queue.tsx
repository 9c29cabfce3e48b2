// The form for a new queue or stream.

import Checkbox from '@cloudscape-design/components/checkbox';
import FormField from '@cloudscape-design/components/form-field';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useState } from 'react';
import { ConfirmDialog } from '../../parts/confirm-dialog.tsx';
import { ChoiceField, LinesField, TextField } from '../../parts/fields.tsx';
import { printable } from '../../parts/printable.ts';
import { useChange } from '../../parts/use-change.ts';
import { call } from '../api.ts';
import { extendedText, jsonText } from '../parts/json-text.ts';
import { useVhostChoice, VhostSelect } from '../parts/vhost-select.tsx';

const types = {
  quorum: 'Quorum queue: durable, with a limit of deliveries',
  classic: 'Classic queue',
  stream: 'Stream: messages stay after they are read',
};

/** Creates a queue. */
export function CreateQueue({ onEnd }: { readonly onEnd: () => void }) {
  const [vhost, setVhost] = useVhostChoice();
  const [name, setName] = useState('');
  const [type, setType] = useState('quorum');
  const [isDurable, setDurable] = useState(true);
  const [args, setArgs] = useState('');
  const create = useChange({
    call: async () => {
      const texts = { arguments: extendedText('The arguments', args, ['x-queue-type', type]) };
      return call('PUT', ['queues', vhost, name], {
        text: jsonText({ durable: type !== 'classic' || isDurable }, texts),
      });
    },
    done: () => `The queue ${printable(name)} is created.`,
    reads: ['queues', 'overview'],
    onDone: onEnd,
  });
  return (
    <ConfirmDialog
      title="Create queue"
      action="Create"
      change={create}
      isReady={vhost !== '' && name !== ''}
      onDismiss={onEnd}
    >
      <SpaceBetween size="m">
        <FormField label="Virtual host">
          <VhostSelect value={vhost} onChange={setVhost} />
        </FormField>
        <TextField label="Name" value={name} onChange={setName} />
        <ChoiceField label="Type" value={type} onChange={setType} choices={types} />
        {type === 'classic' && (
          <Checkbox checked={isDurable} onChange={({ detail }) => setDurable(detail.checked)}>
            Durable
          </Checkbox>
        )}
        <LinesField
          label="Arguments"
          description={'A JSON object: {"x-message-ttl": 60000, "x-dead-letter-exchange": "dead"}'}
          value={args}
          onChange={setArgs}
        />
      </SpaceBetween>
    </ConfirmDialog>
  );
}
