// The lines of a group of logs, as they are written.

import { type FilteredLogEvent, FilterLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Container from '@cloudscape-design/components/container';
import FormField from '@cloudscape-design/components/form-field';
import Header from '@cloudscape-design/components/header';
import Input from '@cloudscape-design/components/input';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Toggle from '@cloudscape-design/components/toggle';
import { useQuery } from '@tanstack/react-query';
import { useVirtualizer } from '@tanstack/react-virtual';
import { type FormEvent, useEffect, useRef, useState } from 'react';
import { ErrorAlert } from '../parts/error-alert.tsx';
import { StoredText } from '../parts/stored-text.tsx';
import { timeText } from '../parts/time.tsx';
import { logs } from './log-calls.ts';

/** Maximum number of lines that the page keeps; the oldest go first. */
const lineCountMax = 10_000;
/** Maximum length of a line among others, characters. */
const lineLengthMax = 2000;
/** The interval at which new lines are read, milliseconds. */
const tailMs = 3000;
/** Lines of this time are shown first, milliseconds. */
const beforeMs = 24 * 3_600_000;
/** Maximum number of calls for the lines that are shown first. */
const callCountMax = 10;

/** What is known of a group, and where the next read begins. */
interface Lines {
  readonly events: readonly FilteredLogEvent[];
  readonly fromMs: number;
}

/** Shows the lines of a group, and new ones while it follows. */
export function LogTail({ group }: { readonly group: string }) {
  const [text, setText] = useState('');
  const [pattern, setPattern] = useState('');
  const [isFollowing, setFollowing] = useState(true);
  const find = (event: FormEvent) => {
    event.preventDefault();
    setPattern(text.trim());
  };
  const known = useRef<{ readonly of: string; readonly lines: Lines }>(undefined);
  const query = useQuery({
    queryKey: ['log-lines', group, pattern],
    refetchInterval: isFollowing ? tailMs : false,
    gcTime: 0,
    queryFn: async () => {
      const of = `${group} ${pattern}`;
      const before = known.current?.of === of ? known.current.lines : undefined;
      const lines = await readLines(group, pattern, before);
      known.current = { of, lines };
      return lines;
    },
  });
  const events = query.data?.events ?? [];
  return (
    <Container
      header={
        <Header
          variant="h2"
          description={`${events.length} lines, of the last day and since; at most ${lineCountMax} are kept here.`}
          actions={
            <Toggle checked={isFollowing} onChange={({ detail }) => setFollowing(detail.checked)}>
              Follow
            </Toggle>
          }
        >
          Lines
        </Header>
      }
    >
      <SpaceBetween size="m">
        <form onSubmit={find} className="console-line">
          <FormField label="Filter pattern" description="Words, or a pattern of CloudWatch Logs.">
            <Input
              value={text}
              placeholder="error"
              onChange={({ detail }) => setText(detail.value)}
              spellcheck={false}
            />
          </FormField>
          <Button formAction="submit">Filter</Button>
        </form>
        <ErrorAlert error={query.error} />
        {events.length === 0 && !query.isLoading ? (
          <Box textAlign="center" color="text-body-secondary">
            {query.error ? 'The lines could not be read.' : 'There are no such lines.'}
          </Box>
        ) : (
          <LineList events={events} isFollowing={isFollowing} />
        )}
      </SpaceBetween>
    </Container>
  );
}

async function readLines(group: string, pattern: string, before?: Lines): Promise<Lines> {
  const startTime = before?.fromMs ?? Date.now() - beforeMs;
  const found: FilteredLogEvent[] = [];
  let nextToken: string | undefined;
  for (let count = 0; count < callCountMax; count += 1) {
    const command = new FilterLogEventsCommand({
      logGroupName: group,
      startTime,
      nextToken,
      ...(pattern !== '' && { filterPattern: pattern }),
    });
    const page = await logs().send(command);
    found.push(...(page.events ?? []));
    nextToken = page.nextToken;
    if (nextToken === undefined) break;
  }
  // The last millisecond may get more lines, so that it is read again.
  const ids = new Set((before?.events ?? []).slice(-1000).map(({ eventId }) => eventId));
  const fresh = found.filter(({ eventId }) => !ids.has(eventId));
  const events = [...(before?.events ?? []), ...fresh].slice(-lineCountMax);
  return { events, fromMs: events.at(-1)?.timestamp ?? startTime };
}

interface LineListProps {
  readonly events: readonly FilteredLogEvent[];
  readonly isFollowing: boolean;
}

/** Shows the lines that are in view only. */
function LineList({ events, isFollowing }: LineListProps) {
  const frame = useRef<HTMLDivElement>(null);
  const rows = useVirtualizer({
    count: events.length,
    getScrollElement: () => frame.current,
    estimateSize: () => 24,
    getItemKey: (index) => events[index]?.eventId ?? index,
    overscan: 10,
  });
  const { length } = events;
  useEffect(() => {
    if (isFollowing && length > 0) rows.scrollToIndex(length - 1, { align: 'end' });
  }, [isFollowing, length, rows]);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable with the keyboard.
    <section className="console-lines" ref={frame} aria-label="Lines of the log" tabIndex={0}>
      <ol style={{ height: rows.getTotalSize() }} aria-label="Lines">
        {rows.getVirtualItems().map(({ key, index, start }) => {
          const { timestamp, message } = events[index] ?? {};
          return (
            <li
              key={key}
              ref={rows.measureElement}
              data-index={index}
              style={{ transform: `translateY(${start}px)` }}
            >
              <time>{timestamp === undefined ? '' : timeText(new Date(timestamp))}</time>{' '}
              <StoredText text={message ?? ''} hasLines lengthMax={lineLengthMax} />
            </li>
          );
        })}
      </ol>
    </section>
  );
}
