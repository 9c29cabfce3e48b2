// The groups of logs.

import { DescribeLogGroupsCommand, type LogGroup } from '@aws-sdk/client-cloudwatch-logs';
import Button from '@cloudscape-design/components/button';
import Input from '@cloudscape-design/components/input';
import Link from '@cloudscape-design/components/link';
import type { TableProps } from '@cloudscape-design/components/table';
import { type FormEvent, useState } from 'react';
import { PagedTable } from '../parts/paged-table.tsx';
import { Time } from '../parts/time.tsx';
import { href } from '../router.ts';
import { logs } from './log-calls.ts';

const columns: readonly TableProps.ColumnDefinition<LogGroup>[] = [
  {
    id: 'name',
    header: 'Group',
    width: 480,
    isRowHeader: true,
    cell: ({ logGroupName = '' }) => <Link href={href('logs', logGroupName)}>{logGroupName}</Link>,
  },
  {
    id: 'kept',
    header: 'Kept for',
    cell: ({ retentionInDays: days }) => (days === undefined ? 'Ever' : `${days} days`),
  },
  { id: 'size', header: 'Size, bytes', cell: (group) => group.storedBytes ?? 0 },
  {
    id: 'created',
    header: 'Created',
    cell: ({ creationTime }) => (
      <Time at={creationTime === undefined ? undefined : new Date(creationTime)} />
    ),
  },
];

/** Lists the groups of logs. */
export default function LogGroups() {
  const [text, setText] = useState('');
  const [prefix, setPrefix] = useState('');
  const find = (event: FormEvent) => {
    event.preventDefault();
    setPrefix(text.trim());
  };
  return (
    <PagedTable
      isPage
      title="Logs"
      description="Lines of brokers that keep a log. They are encrypted at rest."
      queryKey={['log-groups', prefix]}
      load={async (nextToken) => {
        const command = new DescribeLogGroupsCommand({
          limit: 25,
          nextToken,
          ...(prefix !== '' && { logGroupNamePrefix: prefix }),
        });
        const page = await logs().send(command);
        return { items: page.logGroups ?? [], next: page.nextToken };
      }}
      columns={columns}
      idOf={({ logGroupName = '' }) => logGroupName}
      empty="There are no groups."
      filter={
        <form onSubmit={find} className="console-line">
          <Input
            value={text}
            ariaLabel="Beginning of the name"
            placeholder="Beginning of the name"
            onChange={({ detail }) => setText(detail.value)}
            spellcheck={false}
          />
          <Button formAction="submit">Find</Button>
        </form>
      }
    />
  );
}
