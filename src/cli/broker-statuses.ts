// The states of the brokers, as the API tells them.

import { type ApiAccess, callApiGet } from './access/call-api.ts';
import { CliError } from './errors.ts';

/** Maximum number of calls; the service has fewer brokers. */
const pageCountMax = 10_000;

interface Summary {
  readonly brokerId: string;
  readonly brokerName: string;
  readonly brokerState: string;
  readonly engineType: string;
}

interface Page {
  readonly brokerSummaries: readonly Summary[];
  readonly nextToken?: string;
}

interface Description {
  readonly engineVersion?: string;
  readonly brokerInstances?: readonly { readonly endpoints?: readonly string[] }[];
  readonly actionsRequired?: readonly {
    readonly actionRequiredCode?: string;
    readonly actionRequiredInfo?: string;
  }[];
}

/** A broker as `waxwing status --json` prints it. */
export interface BrokerStatus {
  readonly id: string;
  readonly name: string;
  readonly state: string;
  readonly engine: string;
  /** The endpoint of its first protocol; undefined if it has never run. */
  readonly endpoint: string | undefined;
  /** Why it does not run, or needs an action. */
  readonly problem: string | undefined;
}

/** Whether a broker does not do what it is for. A replica does, although it accepts no connections. */
export function isDown({ state }: Pick<BrokerStatus, 'state'>): boolean {
  return state !== 'RUNNING' && state !== 'REPLICA';
}

/**
 * Returns the brokers of the service.
 *
 * @throws {CliError} `call-failed`
 */
export async function brokerStatuses(access: ApiAccess): Promise<BrokerStatus[]> {
  const brokers: BrokerStatus[] = [];
  let nextToken: string | undefined;
  for (let count = 0; count < pageCountMax; count += 1) {
    const query: Readonly<Record<string, string>> = nextToken === undefined ? {} : { nextToken };
    const page = asPage(await callApiGet(access, 'mq', '/v1/brokers', query));
    for (const summary of page.brokerSummaries) {
      const path = `/v1/brokers/${encodeURIComponent(summary.brokerId)}`;
      const description = await callApiGet(access, 'mq', path, {});
      brokers.push(statusOf(summary, (description ?? {}) as Description));
    }
    nextToken = page.nextToken;
    if (nextToken === undefined) break;
  }
  return brokers;
}

function asPage(answer: unknown): Page {
  const page = answer as Partial<Page> | undefined;
  if (Array.isArray(page?.brokerSummaries)) return page as Page;
  throw new CliError('call-failed', 'the answer of the service is not a list of brokers');
}

function statusOf(summary: Summary, description: Description): BrokerStatus {
  const { brokerId: id, brokerName: name, brokerState: state, engineType } = summary;
  const [action] = description.actionsRequired ?? [];
  const { actionRequiredCode = '', actionRequiredInfo = '' } = action ?? {};
  return {
    id,
    name,
    state,
    engine: `${engineType} ${description.engineVersion ?? ''}`.trim(),
    endpoint: description.brokerInstances?.[0]?.endpoints?.[0],
    problem: action && [actionRequiredCode, actionRequiredInfo].filter(Boolean).join(': '),
  };
}
