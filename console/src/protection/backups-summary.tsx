// The backups of a broker's data, and the drills of the program, as the trail has them.

import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import Link from '@cloudscape-design/components/link';
import SpaceBetween from '@cloudscape-design/components/space-between';
import TextContent from '@cloudscape-design/components/text-content';
import { useQuery } from '@tanstack/react-query';
import { type DrillRun, listRuns, passedText } from '../drills/drill-runs.ts';
import { ErrorAlert } from '../parts/error-alert.tsx';
import { timeText } from '../parts/time.tsx';
import { href } from '../router.ts';
import { lookUpEvents, type TrailEvent, whoOf } from '../trail/events.ts';

/** Maximum number of pages of events that are searched. */
const pageCountMax = 4;

/** Says when the data of a broker was backed up last, alone and with the whole service. */
export function BackupsSummary({ arn }: { readonly arn: string }) {
  const query = useQuery({
    queryKey: ['events', 'backups', arn],
    queryFn: () => lastBackups(arn),
  });
  return (
    <Container
      header={
        <Header variant="h2" description="A backup is one sealed file.">
          Backups and drills
        </Header>
      }
    >
      <SpaceBetween size="s">
        {query.data && (
          <TextContent>
            <p>{textOf('of this broker', query.data.ofBroker, query.data.isComplete)}</p>
            <p>{textOf('of the whole service', query.data.ofService, query.data.isComplete)}</p>
          </TextContent>
        )}
        <ErrorAlert error={query.error} />
        <LastDrill />
      </SpaceBetween>
    </Container>
  );
}

/** Says when drills last checked the program of the service. */
function LastDrill() {
  const query = useQuery({ queryKey: ['events', 'drills', 'last'], queryFn: lastRun });
  return (
    <>
      <ErrorAlert error={query.error} />
      {query.isSuccess && (
        <TextContent>
          <p>
            {query.data === null
              ? 'There is no run of drills in the trail of the last 90 days.'
              : `Last drills of the program: ${timeText(query.data.endedAt)}, ${passedText(query.data)}, recorded by ${query.data.who}.`}{' '}
            <Link href={href('drills')}>Drills</Link> attack services of their own, not this broker.
          </p>
        </TextContent>
      )}
    </>
  );
}

/** The newest run; null if there is none. */
async function lastRun(): Promise<DrillRun | null> {
  let token: string | undefined;
  let count = 0;
  do {
    const { items, next } = await listRuns(token);
    const [newest] = items;
    if (newest !== undefined) return newest;
    token = next;
    count += 1;
  } while (token !== undefined && count < pageCountMax);
  return null;
}

/** The newest completed backups. */
interface LastBackups {
  readonly ofBroker: TrailEvent | undefined;
  readonly ofService: TrailEvent | undefined;
  /** Whether all events were read. */
  readonly isComplete: boolean;
}

async function lastBackups(arn: string): Promise<LastBackups> {
  const attribute = { AttributeKey: 'EventName', AttributeValue: 'CompleteBackup' } as const;
  const found: TrailEvent[] = [];
  let token: string | undefined;
  let count = 0;
  do {
    const { items, next } = await lookUpEvents({ attribute }, token);
    found.push(...items.filter(({ record: { errorCode } }) => errorCode === undefined));
    token = next;
    count += 1;
  } while (token !== undefined && count < pageCountMax);
  const namesOf = ({ event: { Resources = [] } }: TrailEvent) =>
    Resources.map(({ ResourceName }) => ResourceName);
  return {
    ofBroker: found.find((event) => namesOf(event).includes(arn)),
    // A backup of the whole service names no broker.
    ofService: found.find((event) => namesOf(event).length === 0),
    isComplete: token === undefined,
  };
}

function textOf(what: string, found: TrailEvent | undefined, isComplete: boolean): string {
  if (found !== undefined) {
    return `Last completed backup ${what}: ${timeText(found.at)}, by ${whoOf(found)}.`;
  }
  const where = isComplete ? 'the trail of the last 90 days' : 'the newest events of the trail';
  return `There is no completed backup ${what} in ${where}.`;
}
