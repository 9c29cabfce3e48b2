// The lists and actions of the console.

import type { HttpResponse, RequestHead } from '../net/http/message.ts';
import { PathTable } from '../net/http/path-table.ts';
import { closeConnection } from './actions/connections.ts';
import { createNamed, deleteNamed, purgeQueue } from './actions/destinations.ts';
import { deleteJob } from './actions/jobs.ts';
import { moveMessage, moveMessages, retryMessage, retryMessages } from './actions/messages.ts';
import { sendMessage } from './actions/sending.ts';
import { copyMessage, deleteMessage } from './actions/single-messages.ts';
import { createSubscriber, deleteSubscriber } from './actions/subscribers.ts';
import { type Answer, jsonAnswer, seeOther } from './answers.ts';
import { getConnection, listConnections } from './listing/connection-list.ts';
import { listConsumers } from './listing/consumer-list.ts';
import { getOverview } from './listing/overview.ts';
import { getQueue, listQueues } from './listing/queue-list.ts';
import { listScheduled } from './listing/scheduled-list.ts';
import { listSubscribers } from './listing/subscriber-list.ts';
import { getTopic, listTopics } from './listing/topic-list.ts';
import { queuesXml, subscribersXml, topicsXml } from './listing/xml.ts';
import { getMessage, listMessages } from './messages/browse.ts';
import type { ConsoleRequest } from './request.ts';

/** A list or an action. */
export interface Route {
  /** Whether it changes something, so that the request must contain the user's secret. */
  readonly isAction: boolean;
  /** Whether the audit log has a line for each request. */
  readonly isAudited: boolean;
  readonly handle: (request: ConsoleRequest) => Answer | Promise<Answer>;
}

/** Creates the table of all lists and actions. The paths of most actions, and of XML, are ActiveMQ's. */
export function newRoutes(): PathTable<Route> {
  const routes = new PathTable<Route>();
  const read = (path: string, handle: Route['handle'], isAudited = false) =>
    routes.add('GET', path, { isAction: false, isAudited, handle });
  const act = (name: string, handle: Route['handle']) =>
    routes.add('POST', `/admin/${name}.action`, { isAction: true, isAudited: true, handle });
  for (const path of pagePaths) read(path, ({ head }) => pageOf(head) ?? seeOther('/'));
  read('/admin/xml/queues.jsp', queuesXml);
  read('/admin/xml/topics.jsp', topicsXml);
  read('/admin/xml/subscribers.jsp', subscribersXml);
  read('/admin/api/session', session);
  read('/admin/api/overview', getOverview);
  read('/admin/api/queues', listQueues);
  read('/admin/api/queues/{name}', getQueue);
  read('/admin/api/queues/{name}/messages', listMessages, true);
  read('/admin/api/queues/{name}/messages/{sequence}', getMessage, true);
  read('/admin/api/topics', listTopics);
  read('/admin/api/topics/{name}', getTopic);
  read('/admin/api/subscribers', listSubscribers);
  read('/admin/api/consumers', listConsumers);
  read('/admin/api/connections', listConnections);
  read('/admin/api/connections/{id}', getConnection);
  read('/admin/api/scheduled', listScheduled, true);
  act('createDestination', createNamed);
  act('deleteDestination', deleteNamed);
  act('purgeDestination', purgeQueue);
  act('retryMessages', retryMessages);
  act('retryMessage', retryMessage);
  act('moveMessages', moveMessages);
  act('moveMessage', moveMessage);
  act('copyMessage', copyMessage);
  act('deleteMessage', deleteMessage);
  act('sendMessage', sendMessage);
  act('createSubscriber', createSubscriber);
  act('deleteSubscriber', deleteSubscriber);
  act('deleteJob', deleteJob);
  act('closeConnection', closeConnection);
  return routes;
}

/** The addresses of ActiveMQ's pages, and of our earlier ones. As on Amazon MQ, there is no Jolokia. */
const pagePaths = [
  '/admin',
  '/admin/',
  '/admin/index.jsp',
  '/admin/queues.jsp',
  '/admin/topics.jsp',
  '/admin/subscribers.jsp',
  '/admin/connections.jsp',
  '/admin/scheduled.jsp',
  '/admin/queueBrowse/{name+}',
  '/admin/queues/{name}',
  '/api/jolokia',
  '/api/jolokia/*',
];

/** The pages of the console to which some addresses lead, behind `#`; others lead to the first one. */
const pageNames: Readonly<Record<string, string>> = {
  '/admin/queues.jsp': 'queues',
  '/admin/topics.jsp': 'topics',
  '/admin/subscribers.jsp': 'subscribers',
  '/admin/connections.jsp': 'connections',
  '/admin/scheduled.jsp': 'scheduled',
};

const pages = new PathTable<true>();
for (const path of pagePaths) pages.add('GET', path, true);

/**
 * Leads from the address of a page of ActiveMQ to the console, which needs no log-in to be loaded;
 * undefined for other addresses.
 */
export function pageOf({ method, rawPath }: RequestHead): HttpResponse | undefined {
  const match = pages.find(method === 'HEAD' ? 'GET' : method, rawPath);
  if (match === undefined) return undefined;
  const queue = match.labels.get('name');
  if (queue?.isWellFormed() === true) return seeOther(`/#/queues/${encodeURIComponent(queue)}`);
  const name = Object.hasOwn(pageNames, rawPath) ? pageNames[rawPath] : undefined;
  return seeOther(name === undefined ? '/' : `/#/${name}`);
}

/** `GET /admin/api/session`: the user, its secret for actions, and the broker */
function session({ console, access }: ConsoleRequest): Answer {
  const { brokerName, engineVersion } = console.broker;
  return jsonAnswer({
    user: access.user,
    secret: console.secrets.of(access.user),
    brokerName,
    version: engineVersion,
    uptimeSeconds: Math.floor(console.uptimeSeconds()),
  });
}
