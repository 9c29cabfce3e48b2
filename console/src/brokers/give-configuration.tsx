// The first configuration of a broker that was created without one.

import {
  type Configuration,
  CreateConfigurationCommand,
  ListConfigurationsCommand,
  UpdateBrokerCommand,
} from '@aws-sdk/client-mq';
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import RadioGroup from '@cloudscape-design/components/radio-group';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useState } from 'react';
import { ConfirmDialog } from '../parts/confirm-dialog.tsx';
import { TextField } from '../parts/fields.tsx';
import { ListedField } from '../parts/listed-field.tsx';
import { printable } from '../parts/printable.ts';
import { useChange } from '../parts/use-change.ts';
import { type Broker, mq } from './broker-calls.ts';

/** Says that a broker has no configuration, and offers to give it one. */
export function NoConfiguration({ broker }: { readonly broker: Broker }) {
  const [isGiving, setGiving] = useState(false);
  return (
    <SpaceBetween size="m">
      <Box>
        The broker has no configuration. It uses the default settings of its engine. A configuration
        takes effect at the next reboot.
      </Box>
      <Button onClick={() => setGiving(true)}>Choose a configuration</Button>
      {isGiving && <GiveConfiguration broker={broker} onEnd={() => setGiving(false)} />}
    </SpaceBetween>
  );
}

interface GiveConfigurationProps {
  readonly broker: Broker;
  readonly onEnd: () => void;
}

/** Gives a broker a new configuration, or one that exists. */
function GiveConfiguration({ broker, onEnd }: GiveConfigurationProps) {
  const { BrokerId, BrokerName = '' } = broker;
  const [isNew, setNew] = useState(true);
  const [name, setName] = useState(`${BrokerName}-configuration`);
  const [id, setId] = useState('');
  // A configuration that was created, although the broker could not be given it.
  const [made, setMade] = useState<{ readonly name: string; readonly id: string }>();
  const give = useChange({
    call: async () => {
      let Id = id.trim();
      if (isNew) {
        Id = made?.name === name ? made.id : await create(name, broker);
        setMade({ name, id: Id });
      }
      return mq().send(new UpdateBrokerCommand({ BrokerId, Configuration: { Id } }));
    },
    done: 'The configuration takes effect at the next reboot.',
    reads: ['broker', 'configurations'],
    onDone: onEnd,
  });
  return (
    <ConfirmDialog
      title="Choose a configuration"
      action="Use after the next reboot"
      isReady={(isNew ? name : id.trim()) !== ''}
      change={give}
      onDismiss={onEnd}
    >
      <SpaceBetween size="m">
        <RadioGroup
          ariaLabel="Which configuration"
          value={isNew ? 'new' : 'existing'}
          items={[
            {
              value: 'new',
              label: 'A new configuration',
              description: "Its first revision is the engine's default, which you can change then.",
            },
            { value: 'existing', label: 'A configuration that exists' },
          ]}
          onChange={({ detail }) => setNew(detail.value === 'new')}
        />
        {isNew ? (
          <TextField
            label="Name of the configuration"
            description="1 to 150 letters, digits, and - . _ ~"
            value={name}
            onChange={setName}
          />
        ) : (
          <ListedField
            label="Configuration"
            description="For the engine and the log-ins of the broker. Its latest revision is used. Brokers can share a configuration."
            value={id}
            onChange={setId}
            queryKey={['configurations', BrokerId]}
            load={(token) => configurationsFor(broker, token)}
            empty="There is no configuration for this engine. Create one."
          />
        )}
      </SpaceBetween>
    </ConfirmDialog>
  );
}

/** Creates a configuration for a broker; its id. */
async function create(Name: string, broker: Broker): Promise<string> {
  const { EngineType, EngineVersion, AuthenticationStrategy } = broker;
  // The service describes log-ins in lower case, and takes them in upper case, as Amazon MQ does.
  const strategy = AuthenticationStrategy?.toUpperCase() as Broker['AuthenticationStrategy'];
  const { Id = '' } = await mq().send(
    new CreateConfigurationCommand({
      Name,
      EngineType,
      EngineVersion,
      AuthenticationStrategy: strategy,
    }),
  );
  return Id;
}

/** A page of the configurations that a broker can use. */
async function configurationsFor(broker: Broker, NextToken: string | undefined) {
  const page = await mq().send(new ListConfigurationsCommand({ MaxResults: 100, NextToken }));
  const isFor = ({ EngineType: engine, AuthenticationStrategy: strategy }: Configuration) =>
    engine?.toUpperCase() === broker.EngineType?.toUpperCase() &&
    strategy?.toUpperCase() === broker.AuthenticationStrategy?.toUpperCase();
  const items = (page.Configurations ?? [])
    .filter(isFor)
    .map(({ Id = '', Name = '', ...each }) => ({
      value: Id,
      label: printable(Name),
      description: `${Id}, revision ${each.LatestRevision?.Revision}`,
    }));
  return { items, next: page.NextToken };
}
