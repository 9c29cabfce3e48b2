// The form for a policy.

import FormField from '@cloudscape-design/components/form-field';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useState } from 'react';
import { ConfirmDialog } from '../../parts/confirm-dialog.tsx';
import { ChoiceField, LinesField, TextField } from '../../parts/fields.tsx';
import { printable } from '../../parts/printable.ts';
import { useChange } from '../../parts/use-change.ts';
import { call } from '../api.ts';
import type { Policy } from '../model.ts';
import { jsonText, objectText } from '../parts/json-text.ts';
import { useVhostChoice, VhostSelect } from '../parts/vhost-select.tsx';

/** The two kinds of policies, by their paths. */
export type PolicyKind = 'policies' | 'operator-policies';

interface PolicyFormProps {
  readonly kind: PolicyKind;
  /** The policy that is changed; a new one if it is left out. */
  readonly policy?: Policy;
  readonly onEnd: () => void;
}

const targets: Readonly<Record<PolicyKind, Readonly<Record<string, string>>>> = {
  policies: {
    all: 'Queues and exchanges',
    queues: 'Queues of all types',
    classic_queues: 'Classic queues',
    quorum_queues: 'Quorum queues',
    streams: 'Streams',
    exchanges: 'Exchanges',
  },
  'operator-policies': {
    queues: 'Queues of all types',
    classic_queues: 'Classic queues',
    quorum_queues: 'Quorum queues',
    streams: 'Streams',
  },
};

const examples: Readonly<Record<PolicyKind, string>> = {
  policies: '{"max-length": 10000, "dead-letter-exchange": "dead"}',
  'operator-policies': '{"expires": 3600000, "max-length": 100000}',
};

/** Creates or changes a policy. */
export function PolicyForm({ kind, policy, onEnd }: PolicyFormProps) {
  const [chosen, setVhost] = useVhostChoice();
  const vhost = policy?.vhost ?? chosen;
  const [name, setName] = useState(policy?.name ?? '');
  const [pattern, setPattern] = useState(policy?.pattern ?? '');
  const [target, setTarget] = useState(policy?.['apply-to'] ?? 'queues');
  const [priority, setPriority] = useState(String(policy?.priority ?? 0));
  const [definition, setDefinition] = useState(
    policy === undefined ? '' : JSON.stringify(policy.definition, null, 2),
  );
  const isWhole = /^-?\d{1,9}$/.test(priority);
  const save = useChange({
    call: async () =>
      call('PUT', [kind, vhost, name], {
        text: jsonText(
          { pattern, 'apply-to': target, priority: Number(priority) },
          { definition: objectText('The definition', definition) },
        ),
      }),
    done: () => `The policy ${printable(name)} is saved.`,
    reads: [kind, 'queues', 'exchanges'],
    onDone: onEnd,
  });
  const what = kind === 'policies' ? 'policy' : 'operator policy';
  return (
    <ConfirmDialog
      title={policy === undefined ? `Create ${what}` : `Change ${printable(policy.name)}`}
      action="Save"
      change={save}
      isReady={vhost !== '' && name !== '' && isWhole}
      onDismiss={onEnd}
    >
      <SpaceBetween size="m">
        {policy === undefined && (
          <SpaceBetween size="m">
            <FormField label="Virtual host">
              <VhostSelect value={chosen} onChange={setVhost} />
            </FormField>
            <TextField label="Name" value={name} onChange={setName} />
          </SpaceBetween>
        )}
        <TextField
          label="Pattern"
          description="A regular expression for names: ^orders\."
          value={pattern}
          onChange={setPattern}
        />
        <ChoiceField
          label="Applies to"
          value={target}
          onChange={setTarget}
          choices={targets[kind]}
        />
        <TextField
          label="Priority"
          type="number"
          value={priority}
          onChange={setPriority}
          {...(!isWhole && { error: 'A whole number is needed.' })}
        />
        <LinesField
          label="Definition"
          description={`A JSON object: ${examples[kind]}`}
          value={definition}
          onChange={setDefinition}
        />
      </SpaceBetween>
    </ConfirmDialog>
  );
}
