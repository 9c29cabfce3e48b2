// Creating a managed policy.

import { CreatePolicyCommand } from '@aws-sdk/client-iam';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useState } from 'react';
import { ConfirmDialog } from '../parts/confirm-dialog.tsx';
import { TextField } from '../parts/fields.tsx';
import { indented } from '../parts/json-dialog.tsx';
import { useChange } from '../parts/use-change.ts';
import { DocumentField, documentProblem, errorAt, withoutFieldErrors } from './document-field.tsx';
import { iam } from './iam-calls.ts';

/** What the document is at first. */
const template = indented(
  JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      { Effect: 'Allow', Action: ['mq:DescribeBroker', 'mq:ListBrokers'], Resource: '*' },
    ],
  }),
);

/** Asks for a policy, and creates it. */
export function CreatePolicy({ onEnd }: { readonly onEnd: () => void }) {
  const [name, setName] = useState('');
  const [description, setDescription] = useState('');
  const [document, setDocument] = useState(template);
  const create = useChange({
    call: () =>
      iam().send(
        new CreatePolicyCommand({
          PolicyName: name,
          PolicyDocument: document,
          ...(description !== '' && { Description: description }),
        }),
      ),
    done: `The policy ${name} is created.`,
    reads: ['iam-policies'],
    onDone: onEnd,
  });
  return (
    <ConfirmDialog
      title="Create policy"
      action="Create policy"
      size="large"
      isReady={name !== '' && documentProblem(document) === undefined}
      change={withoutFieldErrors(create)}
      onDismiss={onEnd}
    >
      <SpaceBetween size="m">
        <TextField
          label="Policy name"
          description="1 to 128 letters, digits, and + = , . @ - _"
          value={name}
          onChange={setName}
          {...errorAt('name', create.error)}
        />
        <TextField
          label="Description"
          description="It cannot be changed later."
          value={description}
          onChange={setDescription}
          {...errorAt('description', create.error)}
        />
        <DocumentField
          label="Policy document"
          description="It takes effect for the users, groups and roles to which the policy is attached."
          value={document}
          onChange={setDocument}
          {...errorAt('document', create.error)}
        />
      </SpaceBetween>
    </ConfirmDialog>
  );
}
