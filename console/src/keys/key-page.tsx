// The page of a key.

import { CancelKeyDeletionCommand, EnableKeyCommand } from '@aws-sdk/client-kms';
import Alert from '@cloudscape-design/components/alert';
import ButtonDropdown, {
  type ButtonDropdownProps,
} from '@cloudscape-design/components/button-dropdown';
import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Spinner from '@cloudscape-design/components/spinner';
import Tabs from '@cloudscape-design/components/tabs';
import { useState } from 'react';
import { Copied } from '../parts/copied.tsx';
import { Crumbs } from '../parts/crumbs.tsx';
import { Details } from '../parts/details.tsx';
import { ErrorAlert } from '../parts/error-alert.tsx';
import { printable } from '../parts/printable.ts';
import { Time } from '../parts/time.tsx';
import { useChange } from '../parts/use-change.ts';
import { href, type Route } from '../router.ts';
import { EventTable } from '../trail/event-table.tsx';
import { usesOf } from '../trail/events.ts';
import { DeleteKey } from './delete-key.tsx';
import { DisableKey } from './disable-key.tsx';
import { GrantTable } from './grant-table.tsx';
import { kms, type ListedKey, useKey } from './key-calls.ts';
import { KeyPolicy } from './key-policy.tsx';
import { KeyRotation } from './key-rotation.tsx';
import { KeyState } from './key-state.tsx';

/** Shows a key, and changes it. */
export default function KeyPage({ route }: { readonly route: Route }) {
  const [, id = ''] = route.parts;
  const key = useKey(id);
  return (
    <SpaceBetween size="l">
      <Crumbs
        items={[
          { text: 'Keys', href: href('keys') },
          { text: id, href: href('keys', id) },
        ]}
      />
      {key.data === undefined && <Header variant="h1">{printable(id)}</Header>}
      <ErrorAlert error={key.error} />
      {key.isLoading && <Spinner size="large" />}
      {key.data && <KeyView found={key.data} />}
    </SpaceBetween>
  );
}

type Asked = 'disable' | 'delete';

function KeyView({ found }: { readonly found: ListedKey }) {
  const { metadata, aliases } = found;
  const { KeyId: id = '', Arn: arn = '', KeyState: state } = metadata;
  const name = aliases[0]?.AliasName ?? id;
  const [asked, setAsked] = useState<Asked>();
  const reads = ['key', 'keys', 'broker', 'brokers', 'events'];
  const enable = useChange({
    call: () => kms().send(new EnableKeyCommand({ KeyId: arn })),
    done: `The key ${name} is enabled.`,
    reads,
  });
  const keep = useChange({
    call: () => kms().send(new CancelKeyDeletionCommand({ KeyId: arn })),
    done: `The key ${name} will not be deleted. It is disabled.`,
    reads,
  });
  const chosen = (action: string) => {
    if (action === 'enable') enable.mutate();
    else if (action === 'keep') keep.mutate();
    else setAsked(action as Asked);
  };
  const end = () => setAsked(undefined);
  const isOwn = metadata.KeyManager === 'CUSTOMER';
  return (
    <SpaceBetween size="l">
      <Header
        variant="h1"
        description={<KeyState state={state} />}
        actions={
          isOwn && (
            <ButtonDropdown
              items={actionsOf(state)}
              loading={enable.isPending || keep.isPending}
              onItemClick={({ detail }) => chosen(detail.id)}
            >
              Actions
            </ButtonDropdown>
          )
        }
      >
        {name}
      </Header>
      <ErrorAlert error={enable.error ?? keep.error} />
      {state === 'PendingDeletion' && (
        <Alert type="error" header="This key is going to be deleted">
          On <Time at={metadata.DeletionDate} />, everything that it encrypts becomes unreadable for
          ever.
        </Alert>
      )}
      <KeyDetails found={found} />
      <Tabs
        tabs={[
          { id: 'grants', label: 'Grants', content: <GrantTable keyId={arn} /> },
          { id: 'policy', label: 'Policy', content: <KeyPolicy keyId={arn} isOwn={isOwn} /> },
          {
            id: 'rotation',
            label: 'Rotation',
            content: <KeyRotation keyId={arn} metadata={metadata} />,
          },
          {
            id: 'uses',
            label: 'Uses',
            content: (
              <EventTable
                title="Uses of the key"
                description="Calls that named the key, from the trail."
                search={usesOf(arn)}
              />
            ),
          },
        ]}
      />
      {asked === 'disable' && <DisableKey arn={arn} name={name} onEnd={end} />}
      {asked === 'delete' && <DeleteKey arn={arn} name={name} onEnd={end} />}
    </SpaceBetween>
  );
}

function actionsOf(state: string | undefined): ButtonDropdownProps.Item[] {
  if (state === 'PendingDeletion') return [{ id: 'keep', text: 'Cancel the deletion' }];
  const deletion = { id: 'delete', text: 'Schedule deletion' };
  if (state === 'Disabled') return [{ id: 'enable', text: 'Enable' }, deletion];
  return state === 'Enabled' ? [{ id: 'disable', text: 'Disable' }, deletion] : [deletion];
}

function KeyDetails({ found: { metadata, aliases } }: { readonly found: ListedKey }) {
  return (
    <Container header={<Header variant="h2">Details</Header>}>
      <Details
        items={[
          { label: 'ARN', value: <Copied value={metadata.Arn ?? ''} what="ARN" /> },
          { label: 'Aliases', value: aliases.map((each) => each.AliasName).join(', ') || '–' },
          { label: 'Description', value: printable(metadata.Description ?? '') || '–' },
          { label: 'Created', value: <Time at={metadata.CreationDate} /> },
          { label: 'Type', value: `${metadata.KeySpec}, ${metadata.KeyUsage}` },
          { label: 'Origin', value: metadata.Origin },
          {
            label: 'Managed by',
            value: metadata.KeyManager === 'AWS' ? 'The service' : 'You',
          },
        ]}
      />
    </Container>
  );
}
