// The main page: the broker and its queues.

import { escaped } from '../listing/markup.ts';
import type { QueuePage } from '../listing/queue-list.ts';
import type { ConsoleRequest } from '../request.ts';
import { actionForm, page, queuePath } from './page.ts';

/** The main page with one page of the list of queues. */
export function mainPage(request: ConsoleRequest, list: QueuePage): string {
  const { console, access } = request;
  const { brokerName, engineVersion } = console.broker;
  const secret = console.secrets.of(access.user);
  const name = '<label>Name <input name="JMSDestination" required maxlength="255"></label> ';
  const create = { secret, JMSDestinationType: 'queue' };
  const content = `<dl>
<dt>Version</dt><dd>${escaped(engineVersion)}</dd>
<dt>Uptime</dt><dd>${uptime(console.uptimeSeconds())}</dd>
<dt>User</dt><dd>${escaped(access.user)}</dd>
</dl>
<form method="get" action="/admin/" role="search"><label>Queues with a name that contains <input name="filter" maxlength="255" value="${escaped(list.filter)}"></label> <button>Search</button></form>
${actionForm('createDestination.action', 'Create queue', create, name)}
<table>
<caption>Queues: ${list.filteredCount} of ${list.totalCount}, page ${list.page} of ${list.pageCount}</caption>
<thead><tr><th scope="col">Name</th><th scope="col" class="n">Messages</th><th scope="col" class="n">Consumers</th><th scope="col" class="n">Enqueued</th><th scope="col" class="n">Dequeued</th></tr></thead>
<tbody>
${list.queues.map(row).join('\n')}
</tbody>
</table>
<nav aria-label="Pages">${pageLinks(list)}</nav>
<p>Lists in XML: <a href="/admin/xml/queues.jsp">queues</a>, <a href="/admin/xml/topics.jsp">topics</a>, <a href="/admin/xml/subscribers.jsp">durable subscribers</a></p>`;
  return page(`Broker ${brokerName}`, content);
}

function row(queue: QueuePage['queues'][number]): string {
  const { name, size, consumerCount, enqueueCount, dequeueCount } = queue;
  const numbers = [size, consumerCount, enqueueCount, dequeueCount];
  const cells = numbers.map((count) => `<td class="n">${count}</td>`).join('');
  return `<tr><th scope="row"><a href="${escaped(queuePath(name))}">${escaped(name)}</a></th>${cells}</tr>`;
}

function pageLinks({ filter, page: at, pageCount, pageSize }: QueuePage): string {
  const link = (to: number, text: string) => {
    const query = new URLSearchParams({ filter, page: String(to), pageSize: String(pageSize) });
    return `<a href="${escaped(`/admin/?${query}`)}">${text}</a>`;
  };
  const previous = at > 1 ? link(at - 1, 'Previous page') : '';
  const next = at < pageCount ? link(at + 1, 'Next page') : '';
  return `${previous} ${next}`;
}

function uptime(seconds: number): string {
  const minutes = Math.floor(seconds / 60);
  const days = Math.floor(minutes / 1440);
  return `${days} days, ${Math.floor(minutes / 60) % 24} hours, ${minutes % 60} minutes`;
}
