// The form that creates a broker.

import {
  CreateBrokerCommand,
  type CreateBrokerCommandInput,
  DescribeBrokerEngineTypesCommand,
  DescribeBrokerInstanceOptionsCommand,
  type DescribeBrokerInstanceOptionsCommandOutput,
  type EngineType,
} from '@aws-sdk/client-mq';
import Button from '@cloudscape-design/components/button';
import Checkbox from '@cloudscape-design/components/checkbox';
import Container from '@cloudscape-design/components/container';
import Form from '@cloudscape-design/components/form';
import FormField from '@cloudscape-design/components/form-field';
import Header from '@cloudscape-design/components/header';
import Input from '@cloudscape-design/components/input';
import RadioGroup from '@cloudscape-design/components/radio-group';
import Select from '@cloudscape-design/components/select';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useQuery } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { ErrorAlert } from '../parts/error-alert.tsx';
import { type Tag, TagFields, tagAdvice, tagObject } from '../parts/tag-fields.tsx';
import { useChange } from '../parts/use-change.ts';
import { href, open } from '../router.ts';
import { mq } from './broker-calls.ts';
import { type ChosenKey, KeyChoice } from './key-choice.tsx';

interface Draft {
  readonly name: string;
  readonly engine: EngineType;
  /** Empty for the newest one. */
  readonly version: string;
  /** Empty for the usual one. */
  readonly instance: string;
  readonly userName: string;
  readonly password: string;
  readonly hasLog: boolean;
  readonly key: ChosenKey;
  readonly tags: readonly Tag[];
}

const empty: Draft = {
  name: '',
  engine: 'RABBITMQ',
  version: '',
  instance: '',
  userName: '',
  password: '',
  hasLog: true,
  key: { kind: 'service', arn: '' },
  tags: [],
};

/** The version and the type of the instance, as they are shown. */
interface Place {
  readonly version: string;
  readonly instance: string;
}

/** What is missing, by field. The service checks everything else. */
function problemsOf({ name, userName, password, key }: Draft) {
  return {
    name: /^[\w-]{1,50}$/.test(name) ? '' : 'Use 1 to 50 letters, digits, - and _.',
    userName: userName.length >= 2 ? '' : 'Use at least 2 characters.',
    password: password.length >= 12 ? '' : 'Use at least 12 characters, of which 4 differ.',
    key: key.kind !== 'customer' || key.arn.trim() !== '' ? '' : 'Choose a key.',
  };
}

function requestOf(draft: Draft, place: Place): CreateBrokerCommandInput {
  const { kind, arn } = draft.key;
  return {
    BrokerName: draft.name,
    EngineType: draft.engine,
    EngineVersion: place.version,
    DeploymentMode: 'SINGLE_INSTANCE',
    HostInstanceType: place.instance,
    PubliclyAccessible: false,
    AutoMinorVersionUpgrade: true,
    EncryptionOptions: {
      UseAwsOwnedKey: kind === 'service',
      ...(kind === 'customer' && { KmsKeyId: arn.trim() }),
    },
    Users: [{ Username: draft.userName, Password: draft.password }],
    Logs: { General: draft.hasLog },
    Tags: tagObject(draft.tags),
  };
}

/** Creates a broker. */
export default function BrokerCreate() {
  const [draft, setDraft] = useState(empty);
  const [isSent, setSent] = useState(false);
  const versions = useVersions(draft.engine);
  const version = draft.version || (versions.data?.[0] ?? '');
  const instances = useInstances(draft.engine, version);
  const instance = instanceOf(draft.instance, instances.data ?? []);
  const create = useChange({
    call: () => mq().send(new CreateBrokerCommand(requestOf(draft, { version, instance }))),
    done: `The broker ${draft.name} is being created.`,
    reads: ['brokers'],
    onDone: () => open('brokers'),
  });
  const problems = problemsOf(draft);
  const send = (event: FormEvent) => {
    event.preventDefault();
    setSent(true);
    if (Object.values(problems).every((problem) => problem === '')) create.mutate();
  };
  const set = (change: Partial<Draft>) => setDraft({ ...draft, ...change });
  const shown = isSent ? problems : { name: '', userName: '', password: '', key: '' };
  return (
    <form onSubmit={send}>
      <Form
        header={<Header variant="h1">Create a broker</Header>}
        errorText={create.error ? <ErrorAlert error={create.error} /> : undefined}
        actions={
          <SpaceBetween direction="horizontal" size="xs">
            <Button variant="link" href={href('brokers')} formAction="none">
              Cancel
            </Button>
            <Button variant="primary" formAction="submit" loading={create.isPending}>
              Create broker
            </Button>
          </SpaceBetween>
        }
      >
        <SpaceBetween size="l">
          <GeneralFields
            draft={draft}
            set={set}
            problem={shown.name}
            place={{ version, instance }}
            versions={versions.data ?? []}
            instances={instances.data ?? []}
          />
          <Container header={<Header variant="h2">Encryption at rest</Header>}>
            <KeyChoice chosen={draft.key} problem={shown.key} onChange={(key) => set({ key })} />
          </Container>
          <UserFields draft={draft} set={set} problems={shown} />
          <Container
            header={
              <Header variant="h2" description={tagAdvice}>
                Tags
              </Header>
            }
          >
            <TagFields tags={draft.tags} onChange={(tags) => set({ tags })} />
          </Container>
        </SpaceBetween>
      </Form>
    </form>
  );
}

function useVersions(engine: EngineType) {
  return useQuery({
    queryKey: ['engine-versions', engine],
    queryFn: async () => {
      const command = new DescribeBrokerEngineTypesCommand({ EngineType: engine });
      const { BrokerEngineTypes = [] } = await mq().send(command);
      const found = BrokerEngineTypes.flatMap((each) => each.EngineVersions ?? []);
      return found.map(({ Name = '' }) => Name);
    },
  });
}

/** The types of instances for a version. */
function useInstances(engine: EngineType, version: string) {
  return useQuery({
    queryKey: ['instance-options', engine, version],
    enabled: version !== '',
    queryFn: async () => {
      const found: string[] = [];
      let NextToken: string | undefined;
      do {
        const command = new DescribeBrokerInstanceOptionsCommand({ EngineType: engine, NextToken });
        const page: DescribeBrokerInstanceOptionsCommandOutput = await mq().send(command);
        for (const option of page.BrokerInstanceOptions ?? []) {
          const { SupportedEngineVersions = [], SupportedDeploymentModes = [] } = option;
          if (!SupportedEngineVersions.includes(version)) continue;
          if (SupportedDeploymentModes.includes('SINGLE_INSTANCE')) {
            found.push(option.HostInstanceType ?? '');
          }
        }
        NextToken = page.NextToken;
      } while (NextToken !== undefined);
      return [...new Set(found)];
    },
  });
}

const usualInstance = 'mq.m7g.medium';

/** The chosen type, if the version has it. */
function instanceOf(chosen: string, offered: readonly string[]): string {
  if (offered.includes(chosen)) return chosen;
  return offered.includes(usualInstance) ? usualInstance : (offered[0] ?? '');
}

interface FieldsProps {
  readonly draft: Draft;
  readonly set: (change: Partial<Draft>) => void;
}

interface GeneralFieldsProps extends FieldsProps {
  readonly problem: string;
  readonly place: Place;
  readonly versions: readonly string[];
  readonly instances: readonly string[];
}

function GeneralFields({ draft, set, problem, place, versions, instances }: GeneralFieldsProps) {
  const { version, instance } = place;
  return (
    <Container header={<Header variant="h2">General</Header>}>
      <SpaceBetween size="m">
        <FormField
          label="Name"
          description="It is part of the broker's ARN. Keep personal data out of it."
          errorText={problem}
        >
          <Input
            value={draft.name}
            onChange={({ detail }) => set({ name: detail.value })}
            spellcheck={false}
          />
        </FormField>
        <FormField label="Engine">
          <RadioGroup
            value={draft.engine}
            items={[
              {
                value: 'RABBITMQ',
                label: 'RabbitMQ',
                description: 'AMQP 0-9-1, AMQP 1.0; MQTT and STOMP if a configuration opens a port',
              },
              {
                value: 'ACTIVEMQ',
                label: 'ActiveMQ',
                description: 'OpenWire, AMQP 1.0, STOMP, MQTT, WebSocket',
              },
            ]}
            onChange={({ detail }) =>
              set({ engine: detail.value as EngineType, version: '', instance: '' })
            }
          />
        </FormField>
        <FormField label="Version">
          <Select
            selectedOption={version === '' ? null : { value: version, label: version }}
            options={versions.map((value) => ({ value, label: value }))}
            placeholder="Loading versions"
            onChange={({ detail }) =>
              set({ version: detail.selectedOption.value ?? '', instance: '' })
            }
          />
        </FormField>
        <FormField label="Type of instance">
          <Select
            selectedOption={instance === '' ? null : { value: instance, label: instance }}
            options={instances.map((value) => ({ value, label: value }))}
            placeholder="Loading types"
            onChange={({ detail }) => set({ instance: detail.selectedOption.value ?? '' })}
          />
        </FormField>
        <Checkbox checked={draft.hasLog} onChange={({ detail }) => set({ hasLog: detail.checked })}>
          Keep a log of the broker
        </Checkbox>
      </SpaceBetween>
    </Container>
  );
}

interface UserFieldsProps extends FieldsProps {
  readonly problems: { readonly userName: string; readonly password: string };
}

function UserFields({ draft, set, problems }: UserFieldsProps) {
  return (
    <Container
      header={
        <Header variant="h2" description="Clients log in to the broker as this user.">
          First user
        </Header>
      }
    >
      <SpaceBetween size="m">
        <FormField label="User name" errorText={problems.userName}>
          <Input
            value={draft.userName}
            onChange={({ detail }) => set({ userName: detail.value })}
            autoComplete="off"
            spellcheck={false}
          />
        </FormField>
        <FormField
          label="Password"
          description="It is stored as a hash, and cannot be shown again."
          errorText={problems.password}
        >
          <Input
            type="password"
            value={draft.password}
            onChange={({ detail }) => set({ password: detail.value })}
            autoComplete="new-password"
          />
        </FormField>
      </SpaceBetween>
    </Container>
  );
}
