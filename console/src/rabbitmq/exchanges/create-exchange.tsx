// The form for a new exchange.

import Checkbox from '@cloudscape-design/components/checkbox';
import FormField from '@cloudscape-design/components/form-field';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useState } from 'react';
import { ConfirmDialog } from '../../parts/confirm-dialog.tsx';
import { ChoiceField, LinesField, TextField } from '../../parts/fields.tsx';
import { printable } from '../../parts/printable.ts';
import { useChange } from '../../parts/use-change.ts';
import { call } from '../api.ts';
import { jsonText, objectText } from '../parts/json-text.ts';
import { useVhostChoice, VhostSelect } from '../parts/vhost-select.tsx';

const types = {
  direct: 'direct: the routing key is that of the binding',
  topic: 'topic: the routing key matches the pattern of the binding',
  fanout: 'fanout: to all bindings',
  headers: 'headers: the headers match the arguments of the binding',
  'x-delayed-message': 'x-delayed-message: later, as the header x-delay says',
};

/** Creates an exchange. */
export function CreateExchange({ onEnd }: { readonly onEnd: () => void }) {
  const [vhost, setVhost] = useVhostChoice();
  const [name, setName] = useState('');
  const [type, setType] = useState('direct');
  const [isDurable, setDurable] = useState(true);
  const [isInternal, setInternal] = useState(false);
  const [args, setArgs] = useState('');
  const create = useChange({
    call: async () => {
      const texts = { arguments: objectText('The arguments', args) };
      return call('PUT', ['exchanges', vhost, name], {
        text: jsonText({ type, durable: isDurable, internal: isInternal }, texts),
      });
    },
    done: () => `The exchange ${printable(name)} is created.`,
    reads: ['exchanges'],
    onDone: onEnd,
  });
  return (
    <ConfirmDialog
      title="Create exchange"
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
        <Checkbox checked={isDurable} onChange={({ detail }) => setDurable(detail.checked)}>
          Durable
        </Checkbox>
        <Checkbox checked={isInternal} onChange={({ detail }) => setInternal(detail.checked)}>
          Internal: only other exchanges publish to it
        </Checkbox>
        <LinesField
          label="Arguments"
          description={'A JSON object: {"alternate-exchange": "unrouted"}'}
          value={args}
          onChange={setArgs}
        />
      </SpaceBetween>
    </ConfirmDialog>
  );
}
