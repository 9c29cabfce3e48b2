// The page of a queue: its counts and actions, and some of its messages.

import type { Queue } from '../../broker/queue.ts';
import { countsOf } from '../listing/destinations.ts';
import { escaped } from '../listing/markup.ts';
import type { Browsed, ShownMessage } from '../messages/browse.ts';
import type { ConsoleRequest } from '../request.ts';
import { actionForm, page, queuePath } from './page.ts';

/** The page of a queue. */
export function queuePage(request: ConsoleRequest, queue: Queue, browsed: Browsed): string {
  const { console, access } = request;
  const { name } = queue;
  const { size, consumerCount, enqueueCount, dequeueCount } = countsOf(queue);
  const fields = {
    secret: console.secrets.of(access.user),
    JMSDestination: name,
    JMSDestinationType: 'queue',
  };
  const to = '<label>To the queue <input name="destination" required maxlength="255"></label> ';
  const { next } = browsed;
  const more = `${queuePath(name)}?from=${next}`;
  const content = `<p><a href="/admin/">Broker</a></p>
<dl>
<dt>Messages</dt><dd>${size}</dd>
<dt>Consumers</dt><dd>${consumerCount}</dd>
<dt>Enqueued since the start</dt><dd>${enqueueCount}</dd>
<dt>Dequeued since the start</dt><dd>${dequeueCount}</dd>
</dl>
${actionForm('purgeDestination.action', 'Purge: remove all messages', fields)}
${actionForm('retryMessages.action', 'Send dead letters to their original destinations', fields)}
${actionForm('moveMessages.action', 'Move the messages', fields, to)}
${actionForm('deleteDestination.action', 'Delete the queue with its messages', fields)}
<table>
<caption>Messages, without their bodies</caption>
<thead><tr><th scope="col" class="n">Number</th><th scope="col">Message ID</th><th scope="col">Received</th><th scope="col">Expires</th><th scope="col">Persistent</th><th scope="col" class="n">Priority</th><th scope="col" class="n">Body, bytes</th><th scope="col">Properties</th></tr></thead>
<tbody>
${browsed.messages.map(row).join('\n')}
</tbody>
</table>
${next === null ? '' : `<nav aria-label="Messages"><a href="${escaped(more)}">Following messages</a></nav>`}`;
  return page(`Queue ${name}`, content);
}

function row(message: ShownMessage): string {
  const { sequence, messageId, receivedAtMs, expiresAtMs, persistent, priority, bodyBytes } =
    message;
  const named = Object.entries(message.properties).map(([name, value]) => `${name}=${value}`);
  const cells = [
    `<td>${escaped(messageId ?? '')}</td>`,
    `<td>${dateOf(receivedAtMs)}</td>`,
    `<td>${expiresAtMs === 0 ? 'never' : dateOf(expiresAtMs)}</td>`,
    `<td>${persistent ? 'yes' : 'no'}</td>`,
    `<td class="n">${priority}</td>`,
    `<td class="n">${bodyBytes}</td>`,
    `<td>${escaped(named.join(', '))}</td>`,
  ];
  return `<tr><th scope="row" class="n">${sequence}</th>${cells.join('')}</tr>`;
}

/** A time may exceed the range of dates. */
function dateOf(ms: number): string {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? String(ms) : date.toISOString();
}
