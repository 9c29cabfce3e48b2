// The choice of the key that encrypts a broker, with what each means.

import Autosuggest from '@cloudscape-design/components/autosuggest';
import FormField from '@cloudscape-design/components/form-field';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Tiles from '@cloudscape-design/components/tiles';
import { useInfiniteQuery } from '@tanstack/react-query';
import { type ListedKey, listKeys } from '../keys/key-calls.ts';

/** A kind of key. */
export type KeyKind = 'service' | 'aws-managed' | 'customer';

/** The choice of a key. */
export interface ChosenKey {
  readonly kind: KeyKind;
  /** The ARN, for a key of the account. */
  readonly arn: string;
}

const kinds: readonly {
  readonly value: KeyKind;
  readonly label: string;
  readonly description: string;
}[] = [
  {
    value: 'service',
    label: 'Key of the service',
    description:
      'Encrypted at rest, and nothing to manage. You cannot see, disable or delete the key, and its uses are not in your trail.',
  },
  {
    value: 'aws-managed',
    label: 'alias/aws/mq',
    description:
      'A key in your account that the service manages. You see its uses in the trail. You cannot change its policy, disable or delete it.',
  },
  {
    value: 'customer',
    label: 'A key that you manage',
    description:
      'You decide its policy and rotation, and see its uses and grants. Disabling it stops the broker within seconds; deleting it makes the data unreadable for ever.',
  },
];

interface KeyChoiceProps {
  readonly chosen: ChosenKey;
  readonly onChange: (chosen: ChosenKey) => void;
  /** Why the choice is not complete; empty if it is. */
  readonly problem: string;
}

/** Chooses a key. The choice cannot be undone with the API of Amazon MQ. */
export function KeyChoice({ chosen, onChange, problem }: KeyChoiceProps) {
  return (
    <SpaceBetween size="m">
      <FormField
        label="Key"
        description={
          <>
            All data of the broker is encrypted at rest, whatever you choose. Amazon MQ's API cannot
            change the key later; the command <code>waxwing volume rewrap</code> can.
          </>
        }
        stretch
      >
        <Tiles
          value={chosen.kind}
          items={[...kinds]}
          columns={3}
          onChange={({ detail }) => onChange({ ...chosen, kind: detail.value as KeyKind })}
        />
      </FormField>
      {chosen.kind === 'customer' && (
        <KeySelect
          arn={chosen.arn}
          problem={problem}
          onChange={(arn) => onChange({ kind: 'customer', arn })}
        />
      )}
    </SpaceBetween>
  );
}

interface KeySelectProps {
  readonly arn: string;
  readonly problem: string;
  readonly onChange: (arn: string) => void;
}

/** Chooses one of the symmetric keys of the account; further ones are read while it is open. */
function KeySelect({ arn, problem, onChange }: KeySelectProps) {
  const keys = useInfiniteQuery({
    queryKey: ['keys', 'choice'],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam }) => listKeys(pageParam),
    getNextPageParam: (last) => last.next,
  });
  const all = keys.data?.pages.flatMap((page) => page.items) ?? [];
  const options = all.filter(isUsable).map(({ metadata, aliases: [alias] }) => ({
    value: metadata.Arn ?? '',
    label: alias?.AliasName ?? metadata.KeyId ?? '',
    ...(alias !== undefined && metadata.KeyId !== undefined && { description: metadata.KeyId }),
  }));
  return (
    <FormField
      label="Key that you manage"
      description="A symmetric key of this account that is enabled: choose one, or enter its ARN or alias."
      errorText={problem}
    >
      <Autosuggest
        value={arn}
        options={options}
        placeholder="alias/orders"
        enteredTextLabel={(text) => `Use ${text}`}
        empty="There is no such key. Create one first."
        statusType={statusOf(keys)}
        loadingText="Loading keys"
        finishedText={options.length > 0 ? 'These are all keys' : ''}
        errorText="The keys could not be read."
        onLoadItems={() => {
          if (keys.hasNextPage && !keys.isFetchingNextPage) void keys.fetchNextPage();
        }}
        onChange={({ detail }) => onChange(detail.value)}
      />
    </FormField>
  );
}

function isUsable({ metadata }: ListedKey): boolean {
  const { KeyState, KeySpec, KeyManager } = metadata;
  return KeyManager === 'CUSTOMER' && KeyState === 'Enabled' && KeySpec === 'SYMMETRIC_DEFAULT';
}

function statusOf(keys: {
  readonly isError: boolean;
  readonly isFetching: boolean;
  readonly hasNextPage: boolean;
}) {
  if (keys.isError) return 'error' as const;
  if (keys.isFetching) return 'loading' as const;
  return keys.hasNextPage ? ('pending' as const) : ('finished' as const);
}
