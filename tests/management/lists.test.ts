import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ManagementHost } from './management-host.ts';

// Pages, filters, orders and columns of lists in the management API.

let host: ManagementHost;
const queueCount = 150;

before(async () => {
  host = await ManagementHost.open();
  const client = await host.connect();
  const channel = await client.model.createChannel();
  for (let i = 0; i < queueCount; i++) {
    await channel.assertQueue(`queue-${String(i).padStart(3, '0')}`, { durable: false });
  }
  for (let i = 0; i < 3; i++) channel.sendToQueue('queue-100', Buffer.from('x'));
  channel.sendToQueue('queue-007', Buffer.from('x'));
  await channel.close();
  await client.close();
});

after(() => host.close());

interface Page {
  readonly filtered_count: number;
  readonly item_count: number;
  readonly items: readonly { readonly name: string; readonly messages?: number }[];
  readonly page: number;
  readonly page_count: number;
  readonly page_size: number;
  readonly total_count: number;
}

const page = (query: string) => host.json<Page>('GET', `/api/queues?${query}`);
const names = ({ items }: Pick<Page, 'items'>) => items.map(({ name }) => name);

test('a page has its items and the counts of the list', async () => {
  const { items, ...counts } = await page('page=3&page_size=40&columns=name');
  assert.deepEqual(counts, {
    filtered_count: queueCount,
    item_count: 40,
    page: 3,
    page_count: 4,
    page_size: 40,
    total_count: queueCount,
  });
  assert.deepEqual(items[0], { name: 'queue-080' });
  const last = await page('page=4&page_size=40&columns=name');
  assert.deepEqual([last.item_count, names(last).at(-1)], [30, 'queue-149']);
});

test('a filter matches a part of names, or as a regular expression', async () => {
  const part = await page('page=1&name=E-01&columns=name');
  assert.deepEqual([part.filtered_count, part.total_count], [10, queueCount]);
  const pattern = encodeURIComponent('^queue-.*[05]$');
  const matched = await page(`page=1&page_size=500&name=${pattern}&use_regex=true&columns=name`);
  assert.equal(matched.filtered_count, 30);
  const none = await page('page=1&name=nothing');
  assert.deepEqual([none.items, none.page_count], [[], 0]);
  // Node's own engine would take years for this one.
  const evil = encodeURIComponent('(.*)*(.*)*(.*)*(.*)*x$');
  assert.equal((await page(`page=1&name=${evil}&use_regex=true&columns=name`)).filtered_count, 0);
});

test('a list is sorted by any column, with the usual order for equal values', async () => {
  const most = await page('page=1&page_size=3&sort=messages&sort_reverse=true&columns=name');
  assert.deepEqual(names(most), ['queue-100', 'queue-007', 'queue-149']);
  const least = await page('page=4&page_size=40&sort=messages_ready&columns=name');
  assert.deepEqual(names(least).slice(-2), ['queue-007', 'queue-100']);
  const nested = await page('page=1&page_size=1&sort=message_stats.publish&sort_reverse=true');
  assert.deepEqual(names(nested), ['queue-100']);
  const unknown = await page('page=1&page_size=2&sort=none.such&columns=name');
  assert.deepEqual(names(unknown), ['queue-000', 'queue-001']);
});

test('a long list without pages comes complete, in pieces', async () => {
  const all = await host.json<{ name: string }[]>('GET', '/api/queues?columns=name');
  assert.equal(all.length, queueCount);
  assert.deepEqual(new Set(all.map(({ name }) => name)).size, queueCount);
  const wide = await host.json<Record<string, unknown>[]>('GET', '/api/queues');
  assert.equal(wide.length, queueCount);
  assert.equal(wide[0]?.['state'], 'running');
});

test('columns select nested values', async () => {
  const [queue] = await host.json<unknown[]>(
    'GET',
    '/api/queues/%2F?columns=name,message_stats.publish,message_stats.none,unknown&sort=messages&sort_reverse=true',
  );
  assert.deepEqual(queue, { name: 'queue-100', message_stats: { publish: 3 } });
  const overview = await host.json('GET', '/api/overview?columns=object_totals.queues');
  assert.deepEqual(overview, { object_totals: { queues: queueCount } });
});

test('statistics can be left out, with or without the numbers of messages', async () => {
  const [plain] = await host.json<Record<string, unknown>[]>(
    'GET',
    '/api/queues?disable_stats=true',
  );
  assert.equal(plain?.['messages'], undefined);
  const totals = await host.json<Record<string, unknown>[]>(
    'GET',
    '/api/queues?disable_stats=true&enable_queue_totals=true&sort=messages&sort_reverse=true',
  );
  assert.deepEqual([totals[0]?.['messages'], totals[0]?.['message_bytes']], [3, undefined]);
});

test('wrong pages are refused as RabbitMQ does', async () => {
  const cases: readonly (readonly [query: string, error: string, reason: string])[] = [
    [
      'page=99&page_size=2',
      'page_out_of_range',
      `Page out of range, page: 99 page size: 2, len: ${queueCount}`,
    ],
    [
      'page=1&page_size=501',
      'invalid_pagination_parameters',
      'Invalid pagination parameters: page number 1, page size 501',
    ],
    [
      'page=0&page_size=5',
      'invalid_pagination_parameters',
      'Invalid pagination parameters: page number 0, page size 5',
    ],
    ['page=x', 'bad_request', 'Pagination parameters are invalid'],
    ['page=1&page_size=x', 'bad_request', 'Pagination parameters are invalid'],
    ['page=1&name=(&use_regex=true', 'bad_request', 'Pagination parameters are invalid'],
  ];
  for (const [query, error, reason] of cases) {
    const reply = await host.call('GET', `/api/queues?${query}`);
    assert.deepEqual([reply.status, JSON.parse(reply.text)], [400, { error, reason }], query);
  }
  const columns = Array.from({ length: 101 }, (_, i) => `c${i}`).join(',');
  assert.equal((await host.call('GET', `/api/queues?columns=${columns}`)).status, 400);
  assert.equal((await host.call('GET', `/api/queues?x=${'x'.repeat(5000)}`)).status, 414);
});
