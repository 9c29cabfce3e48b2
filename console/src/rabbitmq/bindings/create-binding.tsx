// The form for a new binding.

import SpaceBetween from '@cloudscape-design/components/space-between';
import { useState } from 'react';
import { ConfirmDialog } from '../../parts/confirm-dialog.tsx';
import { ChoiceField, LinesField, TextField } from '../../parts/fields.tsx';
import { useChange } from '../../parts/use-change.ts';
import { call } from '../api.ts';
import { jsonText, objectText } from '../parts/json-text.ts';
import type { End } from './binding-graph.tsx';

interface CreateBindingProps {
  readonly vhost: string;
  readonly of: End;
  readonly onEnd: () => void;
}

/** Binds a queue or an exchange to an exchange. */
export function CreateBinding({ vhost, of, onEnd }: CreateBindingProps) {
  const isExchange = of.kind === 'exchange';
  const [side, setSide] = useState(isExchange ? 'queue' : 'from');
  const [other, setOther] = useState('');
  const [key, setKey] = useState('');
  const [args, setArgs] = useState('');
  const create = useChange({
    call: async () => {
      const isFrom = side === 'from';
      const kind = isFrom ? of.kind : side;
      const [source, destination] = isFrom ? [other, of.name] : [of.name, other];
      const texts = { arguments: objectText('The arguments', args) };
      return call(
        'POST',
        ['bindings', vhost, 'e', source, kind === 'queue' ? 'q' : 'e', destination],
        {
          text: jsonText({ routing_key: key }, texts),
        },
      );
    },
    done: 'The binding is added.',
    reads: ['exchanges', 'queues'],
    onDone: onEnd,
  });
  return (
    <ConfirmDialog
      title="Add binding"
      action="Add"
      change={create}
      isReady={other !== ''}
      onDismiss={onEnd}
    >
      <SpaceBetween size="m">
        {isExchange && (
          <ChoiceField
            label="Direction"
            value={side}
            onChange={setSide}
            choices={{
              queue: 'To a queue',
              exchange: 'To an exchange',
              from: 'From another exchange',
            }}
          />
        )}
        <TextField
          label={side === 'queue' ? 'Queue' : 'Exchange'}
          value={other}
          onChange={setOther}
        />
        <TextField label="Routing key" value={key} onChange={setKey} />
        <LinesField
          label="Arguments"
          description={
            'A JSON object. An exchange of type headers matches them: {"x-match": "all", "kind": "order"}'
          }
          value={args}
          onChange={setArgs}
        />
      </SpaceBetween>
    </ConfirmDialog>
  );
}
