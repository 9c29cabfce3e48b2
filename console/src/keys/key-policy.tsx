// The policy of a key.

import { GetKeyPolicyCommand, PutKeyPolicyCommand } from '@aws-sdk/client-kms';
import Button from '@cloudscape-design/components/button';
import Container from '@cloudscape-design/components/container';
import FormField from '@cloudscape-design/components/form-field';
import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Textarea from '@cloudscape-design/components/textarea';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { ErrorAlert } from '../parts/error-alert.tsx';
import { InvisibleNote } from '../parts/invisible-note.tsx';
import { indented } from '../parts/json-dialog.tsx';
import { useChange } from '../parts/use-change.ts';
import { kms } from './key-calls.ts';

interface KeyPolicyProps {
  readonly keyId: string;
  /** Whether the policy can be changed. */
  readonly isOwn: boolean;
}

/** Shows the policy of a key, and changes it. */
export function KeyPolicy({ keyId, isOwn }: KeyPolicyProps) {
  const [draft, setDraft] = useState<string>();
  const policy = useQuery({
    queryKey: ['policy', keyId],
    queryFn: async () => {
      const { Policy = '' } = await kms().send(new GetKeyPolicyCommand({ KeyId: keyId }));
      return indented(Policy);
    },
  });
  const save = useChange({
    call: () => kms().send(new PutKeyPolicyCommand({ KeyId: keyId, Policy: draft ?? '' })),
    done: 'The policy is saved.',
    reads: ['policy', 'events'],
    onDone: () => setDraft(undefined),
  });
  const text = draft ?? policy.data ?? '';
  return (
    <Container
      header={
        <Header
          variant="h2"
          description="It says who may use and administer the key. Policies of users and roles count only as far as it lets them."
          actions={
            isOwn && (
              <Button
                disabled={draft === undefined}
                loading={save.isPending}
                onClick={() => save.mutate()}
              >
                Save policy
              </Button>
            )
          }
        >
          Key policy
        </Header>
      }
    >
      <SpaceBetween size="m">
        <ErrorAlert error={policy.error ?? save.error} />
        <FormField label="Policy document" stretch>
          <Textarea
            value={text}
            rows={Math.min(30, Math.max(8, text.split('\n').length))}
            readOnly={!isOwn}
            onChange={({ detail }) => setDraft(detail.value)}
            spellcheck={false}
          />
        </FormField>
        <InvisibleNote text={text} />
      </SpaceBetween>
    </Container>
  );
}
