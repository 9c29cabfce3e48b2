// What happens if a key is disabled, shown before it is.

import { DisableKeyCommand } from '@aws-sdk/client-kms';
import { DescribeBrokerCommand } from '@aws-sdk/client-mq';
import Spinner from '@cloudscape-design/components/spinner';
import TextContent from '@cloudscape-design/components/text-content';
import { useQuery } from '@tanstack/react-query';
import { type Broker, listBrokers, mq } from '../brokers/broker-calls.ts';
import { ConfirmDialog } from '../parts/confirm-dialog.tsx';
import { ErrorAlert } from '../parts/error-alert.tsx';
import { useChange } from '../parts/use-change.ts';
import { grantsOf, volumeOf } from './grants.ts';
import { kms } from './key-calls.ts';

/** Maximum number of brokers that the preview examines. */
const brokerCountMax = 100;

interface DisableKeyProps {
  readonly arn: string;
  /** What people call the key. */
  readonly name: string;
  readonly onEnd: () => void;
}

/** Shows what depends on a key, asks, and disables it. */
export function DisableKey({ arn, name, onEnd }: DisableKeyProps) {
  const effect = useEffectOf(arn);
  const disable = useChange({
    call: () => kms().send(new DisableKeyCommand({ KeyId: arn })),
    done: `The key ${name} is disabled.`,
    reads: ['key', 'keys', 'broker', 'brokers', 'events'],
    onDone: onEnd,
  });
  return (
    <ConfirmDialog
      title={`What happens if you disable ${name}`}
      action="Disable key"
      change={disable}
      isReady={effect.isSuccess}
      onDismiss={onEnd}
    >
      <ErrorAlert error={effect.error} />
      {effect.isLoading && <Spinner />}
      {effect.data && <Preview effect={effect.data} />}
    </ConfirmDialog>
  );
}

/** What depends on a key. */
interface Effect {
  readonly volumeCount: number;
  /** Whether there are more grants than were examined. */
  readonly hasMoreGrants: boolean;
  readonly brokers: readonly {
    readonly id: string;
    readonly name: string;
    readonly state: string;
  }[];
  /** Whether there are more brokers than were examined. */
  readonly hasMoreBrokers: boolean;
}

function useEffectOf(arn: string) {
  return useQuery({
    queryKey: ['effect', arn],
    staleTime: 0,
    queryFn: async (): Promise<Effect> => {
      const [grants, brokers] = await Promise.all([grantsOf(arn), brokersOf(arn)]);
      const volumes = new Set(grants.found.map(volumeOf).filter((each) => each !== undefined));
      return {
        volumeCount: volumes.size,
        hasMoreGrants: grants.hasMore,
        brokers: brokers.found,
        hasMoreBrokers: brokers.hasMore,
      };
    },
  });
}

async function brokersOf(arn: string) {
  const ids: string[] = [];
  let token: string | undefined;
  do {
    const page = await listBrokers(token);
    ids.push(...page.items.map(({ BrokerId = '' }) => BrokerId));
    token = page.next;
  } while (token !== undefined && ids.length < brokerCountMax);
  const all = await Promise.all(ids.map(described));
  const found = all
    .filter((broker) => broker?.EncryptionOptions?.KmsKeyId === arn)
    .map((broker) => ({
      id: broker?.BrokerId ?? '',
      name: broker?.BrokerName ?? '',
      state: broker?.BrokerState ?? '',
    }));
  return { found, hasMore: token !== undefined };
}

/** A broker; undefined if it may not be described, or no longer exists. */
async function described(id: string): Promise<Broker | undefined> {
  try {
    return await mq().send(new DescribeBrokerCommand({ BrokerId: id }));
  } catch {
    return undefined;
  }
}

function Preview({ effect }: { readonly effect: Effect }) {
  const { brokers, hasMoreBrokers, volumeCount, hasMoreGrants } = effect;
  if (brokers.length === 0 && volumeCount === 0) {
    return (
      <TextContent>
        <p>No volume has a grant on this key. Calls that use it will fail until it is enabled.</p>
      </TextContent>
    );
  }
  return (
    <TextContent>
      <ul>
        <li>
          These brokers stop within seconds, and become <em>Critical action required</em>:
          <ul>
            {brokers.map(({ id, name }) => (
              <li key={id}>
                <strong>{name}</strong>
              </li>
            ))}
            {hasMoreBrokers && (
              <li>perhaps more: the first {brokerCountMax} brokers were examined</li>
            )}
          </ul>
        </li>
        <li>
          {hasMoreGrants ? 'More than ' : ''}
          {volumeCount} {volumeCount === 1 ? 'volume has' : 'volumes have'} a grant on the key, and
          cannot be opened while it is disabled.
        </li>
        <li>
          All of their clients are disconnected. The process that holds the data key ends, which
          erases it from memory.
        </li>
        <li>No message is lost that was confirmed: the data stays on disk, encrypted.</li>
        <li>When you enable the key again, the brokers start by themselves.</li>
      </ul>
    </TextContent>
  );
}
