// The form that creates a broker.

import {
  type BrokerInstanceOption,
  CreateBrokerCommand,
  type CreateBrokerCommandInput,
  type DeploymentMode,
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
import { errorText } from '../parts/error-alert.tsx';
import { hasRepeatedKey, type Tag, TagFields, tagAdvice, tagObject } from '../parts/tag-fields.tsx';
import { useChange } from '../parts/use-change.ts';
import { href, open } from '../router.ts';
import { mq } from './broker-calls.ts';
import { deployment } from './broker-state.tsx';
import { type ChosenKey, KeyChoice } from './key-choice.tsx';

interface Draft {
  readonly name: string;
  readonly engine: EngineType;
  /** Empty for the newest one. */
  readonly version: string;
  /** Empty for the first one that the version has. */
  readonly mode: DeploymentMode | '';
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
  mode: '',
  instance: '',
  userName: '',
  password: '',
  hasLog: true,
  key: { kind: 'service', arn: '' },
  tags: [],
};

/** The version, the deployment and the type of the instance, as they are shown. */
interface Place {
  readonly version: string;
  readonly mode: DeploymentMode | undefined;
  readonly instance: string;
}

/** What a version can be deployed as, and on which types of instances. */
type Offers = ReadonlyMap<DeploymentMode, readonly string[]>;

const noOffers: Offers = new Map();

/** What is missing, by field. The service checks everything else. */
function problemsOf({ name, userName, password, key, tags }: Draft) {
  return {
    name: /^[\w-]{1,50}$/.test(name) ? '' : 'Use 1 to 50 letters, digits, - and _.',
    userName: userName.length >= 2 ? '' : 'Use at least 2 characters.',
    password: password.length >= 12 ? '' : 'Use at least 12 characters, of which 4 differ.',
    key: key.kind !== 'customer' || key.arn.trim() !== '' ? '' : 'Choose a key.',
    tags: hasRepeatedKey(tags) ? 'Two tags have the same key.' : '',
  };
}

function requestOf(draft: Draft, place: Place): CreateBrokerCommandInput {
  const { kind, arn } = draft.key;
  return {
    BrokerName: draft.name,
    EngineType: draft.engine,
    EngineVersion: place.version,
    DeploymentMode: place.mode,
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
  const offers = useOffers(draft.engine, version).data ?? noOffers;
  const mode = modeOf(draft.mode, offers);
  const instance = instanceOf(draft.instance, (mode && offers.get(mode)) ?? []);
  const place = { version, mode, instance };
  const create = useChange({
    call: () => mq().send(new CreateBrokerCommand(requestOf(draft, place))),
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
  const shown = isSent ? problems : { name: '', userName: '', password: '', key: '', tags: '' };
  return (
    <form onSubmit={send}>
      <Form
        header={<Header variant="h1">Create a broker</Header>}
        errorText={errorText(create.error)}
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
            place={place}
            versions={versions.data ?? []}
            offers={offers}
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

/** What a version can be deployed as: clusters and pairs only where their engines are installed. */
function useOffers(engine: EngineType, version: string) {
  return useQuery({
    queryKey: ['instance-options', engine, version],
    enabled: version !== '',
    queryFn: async (): Promise<Offers> => {
      const found = new Map<DeploymentMode, string[]>();
      let NextToken: string | undefined;
      do {
        const command = new DescribeBrokerInstanceOptionsCommand({ EngineType: engine, NextToken });
        const page: DescribeBrokerInstanceOptionsCommandOutput = await mq().send(command);
        for (const option of page.BrokerInstanceOptions ?? []) {
          if (option.SupportedEngineVersions?.includes(version)) addOffer(found, option);
        }
        NextToken = page.NextToken;
      } while (NextToken !== undefined);
      return found;
    },
  });
}

function addOffer(offers: Map<DeploymentMode, string[]>, option: BrokerInstanceOption): void {
  const { HostInstanceType: type = '', SupportedDeploymentModes = [] } = option;
  for (const mode of SupportedDeploymentModes) {
    const types = offers.get(mode) ?? [];
    offers.set(mode, types.includes(type) ? types : [...types, type]);
  }
}

/** The chosen mode, if the version has it. */
function modeOf(chosen: DeploymentMode | '', offers: Offers): DeploymentMode | undefined {
  if (chosen !== '' && offers.has(chosen)) return chosen;
  return offers.has('SINGLE_INSTANCE') ? 'SINGLE_INSTANCE' : [...offers.keys()][0];
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
  readonly offers: Offers;
}

function GeneralFields({ draft, set, problem, place, versions, offers }: GeneralFieldsProps) {
  const { version, mode, instance } = place;
  const modes = [...offers.keys()];
  const instances = (mode && offers.get(mode)) ?? [];
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
              set({ engine: detail.value as EngineType, version: '', mode: '', instance: '' })
            }
          />
        </FormField>
        <FormField label="Version">
          <Select
            selectedOption={version === '' ? null : { value: version, label: version }}
            options={versions.map((value) => ({ value, label: value }))}
            placeholder="Loading versions"
            onChange={({ detail }) =>
              set({ version: detail.selectedOption.value ?? '', mode: '', instance: '' })
            }
          />
        </FormField>
        <FormField
          label="Deployment"
          description="Clusters and pairs are offered where RabbitMQ or ActiveMQ is installed."
        >
          <Select
            selectedOption={mode === undefined ? null : { value: mode, label: deployment(mode) }}
            options={modes.map((value) => ({ value, label: deployment(value) }))}
            placeholder="Loading deployments"
            onChange={({ detail }) =>
              set({ mode: (detail.selectedOption.value ?? '') as DeploymentMode, instance: '' })
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
          description="12 characters or more, of which 4 differ. It is stored as a hash, and cannot be shown again."
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
