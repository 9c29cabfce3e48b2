// The command `waxwing discover`.

import { type AccessOptions, accessOf } from './access/access.ts';
import { callApi } from './access/call-api.ts';
import { CliError } from './errors.ts';
import { printable } from './printable.ts';

/** The options of `waxwing discover`, under the names that the argument parser gives them. */
export interface DiscoverOptions extends AccessOptions {
  /** Messages of each queue. */
  readonly messages: number;
  /** Whether to print JSON instead of a table. */
  readonly json: boolean;
}

/** The findings in a queue, as the service reports them. */
export interface QueueReport {
  readonly vhost: string;
  readonly queue: string;
  readonly messageCount: number;
  readonly sampledCount: number;
  readonly nameKinds: readonly string[];
  readonly kinds: readonly { readonly kind: string; readonly messageCount: number }[];
}

interface Page {
  readonly brokerId: string;
  readonly brokerName: string;
  readonly queues: readonly QueueReport[];
  readonly nextToken?: string;
}

/**
 * Searches a sample of a broker's messages for personal and secret data, and prints the kinds and
 * counts by queue.
 *
 * @param broker its id or name
 * @throws {ServerError} `not-running`
 * @throws {CliError} `call-failed`, `profile-invalid`
 */
export async function discover(broker: string, options: DiscoverOptions): Promise<void> {
  const access = await accessOf(options);
  const path = `/waxwing/v1/brokers/${encodeURIComponent(broker)}/discover`;
  const queues: QueueReport[] = [];
  let first: Page | undefined;
  let nextToken: string | undefined;
  do {
    const input = { messagesPerQueue: options.messages, ...(nextToken && { nextToken }) };
    const page = asPage(await callApi(access, 'waxwing-discovery', path, input));
    first ??= page;
    queues.push(...page.queues);
    nextToken = page.nextToken;
  } while (nextToken !== undefined);
  const { brokerId, brokerName } = first;
  if (options.json) console.log(JSON.stringify({ brokerId, brokerName, queues }, null, 2));
  else for (const line of reportLines(brokerName, queues)) console.log(line);
}

function asPage(answer: unknown): Page {
  const page = answer as Partial<Page> | undefined;
  if (Array.isArray(page?.queues)) return page as Page;
  throw new CliError('call-failed', 'the answer of the service is not a page of findings');
}

/** Formats findings as a table; queues without findings are only counted. */
export function reportLines(broker: string, queues: readonly QueueReport[]): string[] {
  const rows = queues.flatMap(rowsOf);
  const sampled = queues.reduce((sum, { sampledCount }) => sum + sampledCount, 0);
  const found = queues.filter((queue) => rowsOf(queue).length > 0).length;
  const summary =
    `Broker '${printable(broker)}': ${counted(sampled, 'message')} of ` +
    `${counted(queues.length, 'queue')} sampled; findings in ${counted(found, 'queue')}.`;
  if (rows.length === 0) return [summary];
  return [...aligned([['VHOST', 'QUEUE', 'KIND', 'MESSAGES', 'SAMPLED'], ...rows]), '', summary];
}

function rowsOf({ vhost, queue, sampledCount, nameKinds, kinds }: QueueReport): string[][] {
  const place = [printable(vhost), printable(queue)];
  const ofName = nameKinds.map((kind) => [...place, kind, 'queue name', '']);
  const ofMessages = kinds.map(({ kind, messageCount }) => [
    ...place,
    kind,
    String(messageCount),
    String(sampledCount),
  ]);
  return [...ofName, ...ofMessages];
}

function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  );
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}
