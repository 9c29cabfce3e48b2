// The form that creates a key.

import {
  CreateAliasCommand,
  CreateKeyCommand,
  EnableKeyRotationCommand,
} from '@aws-sdk/client-kms';
import Alert from '@cloudscape-design/components/alert';
import Button from '@cloudscape-design/components/button';
import Checkbox from '@cloudscape-design/components/checkbox';
import Container from '@cloudscape-design/components/container';
import Form from '@cloudscape-design/components/form';
import FormField from '@cloudscape-design/components/form-field';
import Header from '@cloudscape-design/components/header';
import Input from '@cloudscape-design/components/input';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { type FormEvent, useState } from 'react';
import { notify } from '../notices.ts';
import { errorText } from '../parts/error-alert.tsx';
import { hasRepeatedKey, type Tag, TagFields, tagAdvice } from '../parts/tag-fields.tsx';
import { useChange } from '../parts/use-change.ts';
import { href, open } from '../router.ts';
import { kms } from './key-calls.ts';

interface Draft {
  readonly alias: string;
  readonly description: string;
  readonly isRotated: boolean;
  readonly tags: readonly Tag[];
}

/** Creates a symmetric key, which encrypts brokers. */
export default function KeyCreate() {
  const [draft, setDraft] = useState<Draft>({
    alias: '',
    description: '',
    isRotated: true,
    tags: [],
  });
  // A key that was made, although it did not get its alias: sending the form again makes no other one.
  const [made, setMade] = useState<string>();
  const create = useChange({
    call: async () => {
      const id = made ?? (await createKey(draft));
      try {
        await completeKey(id, draft);
      } catch (error) {
        setMade(id);
        throw error;
      }
    },
    done: 'The key is created.',
    reads: ['keys'],
    onDone: () => open('keys'),
  });
  const set = (change: Partial<Draft>) => setDraft({ ...draft, ...change });
  const send = (event: FormEvent) => {
    event.preventDefault();
    if (!hasRepeatedKey(draft.tags)) create.mutate();
  };
  return (
    <form onSubmit={send}>
      <Form
        header={
          <Header
            variant="h1"
            description="A symmetric key of 256 bits. Its material never leaves the service."
          >
            Create a key
          </Header>
        }
        errorText={errorText(create.error)}
        actions={
          <SpaceBetween direction="horizontal" size="xs">
            <Button variant="link" href={href('keys')} formAction="none">
              Cancel
            </Button>
            <Button variant="primary" formAction="submit" loading={create.isPending}>
              Create key
            </Button>
          </SpaceBetween>
        }
      >
        <SpaceBetween size="l">
          {made !== undefined && (
            <Alert type="info" header="The key is created">
              It is {made}. Only its alias is missing: choose another one, or none.
            </Alert>
          )}
          <Container header={<Header variant="h2">Key</Header>}>
            <SpaceBetween size="m">
              <FormField
                label="Alias"
                description="A name by which requests can call the key. Leave it empty for none."
              >
                <Input
                  value={draft.alias}
                  placeholder="orders"
                  onChange={({ detail }) => set({ alias: detail.value })}
                  spellcheck={false}
                />
              </FormField>
              <FormField label="Description">
                <Input
                  value={draft.description}
                  disabled={made !== undefined}
                  onChange={({ detail }) => set({ description: detail.value })}
                />
              </FormField>
              <Checkbox
                checked={draft.isRotated}
                onChange={({ detail }) => set({ isRotated: detail.checked })}
                description="New data keys are wrapped with new material. What was wrapped before stays readable."
              >
                Rotate the material every year
              </Checkbox>
            </SpaceBetween>
          </Container>
          {made === undefined && (
            <Container
              header={
                <Header variant="h2" description={tagAdvice}>
                  Tags
                </Header>
              }
            >
              <TagFields tags={draft.tags} onChange={(tags) => set({ tags })} />
            </Container>
          )}
        </SpaceBetween>
      </Form>
    </form>
  );
}

/** Creates a key; its id. */
async function createKey({ description, tags }: Draft): Promise<string> {
  const named = tags.filter(({ key }) => key !== '');
  const command = new CreateKeyCommand({
    Description: description,
    Tags: named.map(({ key, value }) => ({ TagKey: key, TagValue: value })),
  });
  const { KeyMetadata } = await kms().send(command);
  if (KeyMetadata?.KeyId === undefined) throw new Error('The service did not describe the key.');
  return KeyMetadata.KeyId;
}

/** Gives a key what needs calls of its own. Its rotation comes last, because nothing depends on it. */
async function completeKey(KeyId: string, { alias, isRotated }: Draft): Promise<void> {
  if (alias !== '') {
    const AliasName = alias.startsWith('alias/') ? alias : `alias/${alias}`;
    await kms().send(new CreateAliasCommand({ AliasName, TargetKeyId: KeyId }));
  }
  if (!isRotated) return;
  await kms()
    .send(new EnableKeyRotationCommand({ KeyId }))
    .catch((error: unknown) => notify('warning', `The key is not rotated: ${errorText(error)}`));
}
