// The tags of a broker.

import { CreateTagsCommand, DeleteTagsCommand } from '@aws-sdk/client-mq';
import Button from '@cloudscape-design/components/button';
import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useState } from 'react';
import { ErrorAlert } from '../parts/error-alert.tsx';
import { InvisibleNote } from '../parts/invisible-note.tsx';
import { hasRepeatedKey, type Tag, TagFields, tagAdvice, tagObject } from '../parts/tag-fields.tsx';
import { useChange } from '../parts/use-change.ts';
import { type Broker, mq } from './broker-calls.ts';

/** Edits the tags of a broker. */
export function BrokerTags({ broker: { BrokerArn, Tags = {} } }: { readonly broker: Broker }) {
  const stored = Object.entries(Tags).map(([key, value]): Tag => ({ key, value }));
  const [draft, setDraft] = useState<readonly Tag[]>();
  const tags = draft ?? stored;
  const save = useChange({
    call: () => saveTags(BrokerArn ?? '', Tags, tagObject(tags)),
    done: 'The tags are saved.',
    reads: ['broker'],
    onDone: () => setDraft(undefined),
  });
  return (
    <Container
      header={
        <Header
          variant="h2"
          description={tagAdvice}
          actions={
            <Button
              disabled={draft === undefined || hasRepeatedKey(draft)}
              loading={save.isPending}
              onClick={() => save.mutate()}
            >
              Save tags
            </Button>
          }
        >
          Tags
        </Header>
      }
    >
      <SpaceBetween size="m">
        <ErrorAlert error={save.error} />
        <TagFields tags={tags} onChange={setDraft} />
        <InvisibleNote text={JSON.stringify(tags)} />
      </SpaceBetween>
    </Container>
  );
}

async function saveTags(
  arn: string,
  before: Readonly<Record<string, string>>,
  after: Readonly<Record<string, string>>,
): Promise<void> {
  const removed = Object.keys(before).filter((key) => !Object.hasOwn(after, key));
  const changed = Object.entries(after).filter(([key, value]) => before[key] !== value);
  if (removed.length > 0) {
    await mq().send(new DeleteTagsCommand({ ResourceArn: arn, TagKeys: removed }));
  }
  if (changed.length > 0) {
    const Tags = Object.fromEntries(changed);
    await mq().send(new CreateTagsCommand({ ResourceArn: arn, Tags }));
  }
}
