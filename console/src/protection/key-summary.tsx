// The KMS key of a broker.

import Box from '@cloudscape-design/components/box';
import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import Link from '@cloudscape-design/components/link';
import type { ListedKey } from '../keys/key-calls.ts';
import { isRotatable, rotationText, useRotation } from '../keys/key-rotation.tsx';
import { KeyState } from '../keys/key-state.tsx';
import { Copied } from '../parts/copied.tsx';
import { Details } from '../parts/details.tsx';
import { ErrorAlert } from '../parts/error-alert.tsx';
import { Time } from '../parts/time.tsx';
import { href } from '../router.ts';

interface KeySummaryProps {
  readonly isServiceKey: boolean;
  readonly found: ListedKey | undefined;
}

/** Describes the key that wraps the data keys of a broker. */
export function KeySummary({ isServiceKey, found }: KeySummaryProps) {
  const { metadata, aliases = [] } = found ?? {};
  const rotation = useRotation(metadata?.Arn, metadata !== undefined && isRotatable(metadata));
  if (isServiceKey) {
    return (
      <Container header={<Header variant="h2">Key</Header>}>
        <Box>
          The data key is wrapped by a key of the service, which no API shows. It cannot be disabled
          or deleted, and its uses are not in your trail. A broker with a key that you manage has
          all of these.
        </Box>
      </Container>
    );
  }
  if (metadata === undefined) return null;
  return (
    <Container
      header={
        <Header variant="h2" description="It wraps the data keys of the broker's volume.">
          Key
        </Header>
      }
    >
      <ErrorAlert error={rotation.error} />
      <Details
        items={[
          {
            label: 'Key',
            value: (
              <Link href={href('keys', metadata.KeyId ?? '')}>
                {aliases[0]?.AliasName ?? metadata.KeyId}
              </Link>
            ),
          },
          { label: 'State', value: <KeyState state={metadata.KeyState} /> },
          { label: 'ARN', value: <Copied value={metadata.Arn ?? ''} what="ARN of the key" /> },
          { label: 'Created', value: <Time at={metadata.CreationDate} /> },
          {
            label: 'Rotation on schedule',
            value: isRotatable(metadata) ? rotationText(rotation) : 'Not by the service',
          },
          { label: 'Next rotation', value: <Time at={rotation.data?.NextRotationDate} /> },
        ]}
      />
    </Container>
  );
}
