// The files of trails: verified by the browser, with the public keys of the service.

import {
  CloudTrailClient,
  DescribeTrailsCommand,
  ListPublicKeysCommand,
  type Trail,
} from '@aws-sdk/client-cloudtrail';
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Container from '@cloudscape-design/components/container';
import FormField from '@cloudscape-design/components/form-field';
import Header from '@cloudscape-design/components/header';
import Select from '@cloudscape-design/components/select';
import SpaceBetween from '@cloudscape-design/components/space-between';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { clientOf } from '../../aws/clients.ts';
import { ErrorAlert } from '../../parts/error-alert.tsx';
import { listFiles } from './bucket.ts';
import { type Progress, verifyChain } from './verification.ts';

const cloudTrail = () => clientOf(CloudTrailClient);
const dayMs = 24 * 3_600_000;

const periods = [
  { value: 'day', label: 'The last day', ms: dayMs },
  { value: 'month', label: 'The last 30 days', ms: 30 * dayMs },
  { value: 'all', label: 'Everything', ms: Number.POSITIVE_INFINITY },
] as const;

/** Maximum number of problems that are shown. */
const shownMax = 20;

interface Run {
  readonly progress: Progress;
  readonly state: 'running' | 'ended' | 'failed';
}

const nothing: Progress = { digests: 0, logFiles: 0, since: '', problems: [], isCutShort: false };

/** Verifies the digest chain of a trail. */
export function TrailFiles() {
  const trails = useQuery({
    queryKey: ['trails'],
    queryFn: async () => {
      const { trailList = [] } = await cloudTrail().send(new DescribeTrailsCommand({}));
      return trailList.filter(({ LogFileValidationEnabled }) => LogFileValidationEnabled === true);
    },
  });
  const all = trails.data ?? [];
  const [chosen, setChosen] = useState<string>();
  const [period, setPeriod] = useState<(typeof periods)[number]>(periods[0]);
  const [run, setRun] = useState<Run>();
  const [error, setError] = useState<unknown>();
  /** The run whose progress is shown; another value ends it. */
  const current = useRef(0);
  useEffect(
    () => () => {
      current.current += 1;
    },
    [],
  );
  const trail = all.find(({ Name }) => Name === chosen) ?? all[0];
  const isRunning = run?.state === 'running';
  const verify = async (of: Trail) => {
    current.current += 1;
    const mine = current.current;
    setError(undefined);
    setRun({ progress: nothing, state: 'running' });
    try {
      for await (const progress of verifyTrail(of, period.ms)) {
        if (current.current !== mine) return;
        setRun({ progress, state: 'running' });
      }
      setRun((last) => last && { ...last, state: 'ended' });
    } catch (failure) {
      if (current.current !== mine) return;
      setError(failure);
      setRun((last) => last && { ...last, state: 'failed' });
    }
  };
  return (
    <Container
      header={
        <Header
          variant="h2"
          description="The browser checks the signatures of the digests, their chain, and the hash of each log file. Events since the last digest are in none. To check without the service, use waxwing audit verify."
        >
          Files of trails
        </Header>
      }
    >
      <SpaceBetween size="m">
        <ErrorAlert error={trails.error ?? error} />
        {trail === undefined ? (
          <Box>{trails.isLoading ? 'Loading' : 'There is no trail with signed digests.'}</Box>
        ) : (
          <form
            className="console-fields"
            onSubmit={(event) => {
              event.preventDefault();
              void verify(trail);
            }}
          >
            <FormField label="Trail">
              <Select
                selectedOption={{ value: trail.Name ?? '', label: trail.Name ?? '' }}
                options={all.map(({ Name = '' }) => ({ value: Name, label: Name }))}
                disabled={isRunning}
                onChange={({ detail }) => setChosen(detail.selectedOption.value)}
              />
            </FormField>
            <FormField label="Period">
              <Select
                selectedOption={period}
                options={[...periods]}
                disabled={isRunning}
                onChange={({ detail }) =>
                  setPeriod(
                    periods.find(({ value }) => value === detail.selectedOption.value) ??
                      periods[0],
                  )
                }
              />
            </FormField>
            <Button formAction="submit" loading={isRunning} loadingText="Verifying">
              Verify
            </Button>
          </form>
        )}
        {run && <Result run={run} />}
      </SpaceBetween>
    </Container>
  );
}

const outcomes = {
  running: { type: 'in-progress', text: 'Valid so far' },
  ended: { type: 'success', text: 'All files are valid' },
  failed: { type: 'stopped', text: 'Not verified to the end' },
} as const;

function Result({ run: { progress, state } }: { readonly run: Run }) {
  const { digests, logFiles, since, problems, isCutShort } = progress;
  const read = `${digests} digests, ${logFiles} log files${since === '' ? '' : `, back to ${since}`}`;
  const isEmpty = digests === 0 && state === 'ended';
  const found = `${problems.length} files are not what was delivered`;
  const outcome = problems.length > 0 ? found : outcomes[state].text;
  return (
    <div role="status">
      <StatusIndicator
        type={problems.length > 0 ? 'error' : isEmpty ? 'warning' : outcomes[state].type}
      >
        {isEmpty ? 'There is no digest in this period' : `${outcome}: ${read}`}
      </StatusIndicator>
      {state === 'failed' && problems.length > 0 && <p>The rest could not be verified.</p>}
      {isCutShort && <p>The rest was not verified, because there are too many.</p>}
      <ul>
        {problems.slice(0, shownMax).map(({ kind, key, why }) => (
          <li key={`${key} ${why}`}>
            {kind} <code>{key}</code> {why}
          </li>
        ))}
        {problems.length > shownMax && <li>and {problems.length - shownMax} more</li>}
      </ul>
    </div>
  );
}

/** Verifies the digests of a trail that end in a period before now. */
async function* verifyTrail(trail: Trail, periodMs: number): AsyncGenerator<Progress> {
  const { Name = '', S3BucketName: bucket = '', S3KeyPrefix: prefix, TrailARN = '' } = trail;
  const [, , , , accountId = ''] = TrailARN.split(':');
  const folder = `${prefix === undefined ? '' : `${prefix}/`}AWSLogs/${accountId}/CloudTrail-Digest/`;
  const isOfTrail = (key: string) =>
    /_CloudTrail-Digest_[a-z0-9-]+_(.+)_[a-z0-9-]+_\d{8}T\d{6}Z\.json\.gz$/.exec(key)?.[1] === Name;
  const names = (await listFiles(bucket, folder)).filter(isOfTrail);
  // The times are at the end of the names and have a fixed length.
  const digests = names.toSorted((a, b) => (a.slice(-24) < b.slice(-24) ? -1 : 1));
  const fromMs = Date.now() - periodMs;
  yield* verifyChain({ bucket, digests, publicKeys: await publicKeys(), fromMs });
}

async function publicKeys(): Promise<ReadonlyMap<string, Uint8Array<ArrayBuffer>>> {
  const keys = new Map<string, Uint8Array<ArrayBuffer>>();
  let NextToken: string | undefined;
  do {
    const page = await cloudTrail().send(
      new ListPublicKeysCommand({ StartTime: new Date(0), EndTime: new Date(), NextToken }),
    );
    for (const { Fingerprint = '', Value } of page.PublicKeyList ?? []) {
      if (Value) keys.set(Fingerprint, new Uint8Array(Value));
    }
    NextToken = page.NextToken;
  } while (NextToken !== undefined);
  return keys;
}
