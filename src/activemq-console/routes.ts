// The pages and actions of the console.

import { PathTable } from '../net/http/path-table.ts';
import { moveMessages, retryMessages } from './actions/messages.ts';
import { createQueue, deleteQueue, purgeQueue } from './actions/queues.ts';
import { type Answer, jsonAnswer, seeOther } from './answers.ts';
import { listQueues, showMainPage } from './listing/queue-list.ts';
import { queuesXml, subscribersXml, topicsXml } from './listing/xml.ts';
import { listMessages, showQueue } from './messages/browse.ts';
import { queuePath } from './pages/page.ts';
import type { ConsoleRequest } from './request.ts';

/** A page, a list or an action. */
export interface Route {
  /** Whether it changes something, so that the request must contain the user's secret. */
  readonly isAction: boolean;
  /** Whether the audit log has a line for each request. */
  readonly isAudited: boolean;
  readonly handle: (request: ConsoleRequest) => Answer | Promise<Answer>;
}

/** Creates the table of all pages and actions. The paths of actions and lists are ActiveMQ's. */
export function newRoutes(): PathTable<Route> {
  const routes = new PathTable<Route>();
  const read = (path: string, handle: Route['handle'], isAudited = false) =>
    routes.add('GET', path, { isAction: false, isAudited, handle });
  const act = (path: string, handle: Route['handle']) =>
    routes.add('POST', path, { isAction: true, isAudited: true, handle });
  const toMainPage = () => seeOther('/admin/');
  read('/', showMainPage);
  read('/admin', toMainPage);
  read('/admin/', showMainPage);
  read('/admin/index.jsp', toMainPage);
  read('/admin/queues.jsp', toMainPage);
  // As on Amazon MQ, there is no Jolokia.
  read('/api/jolokia', toMainPage);
  read('/api/jolokia/*', toMainPage);
  read('/admin/xml/queues.jsp', queuesXml);
  read('/admin/xml/topics.jsp', topicsXml);
  read('/admin/xml/subscribers.jsp', subscribersXml);
  read('/admin/queueBrowse/{name+}', (request) => seeOther(queuePath(request.label('name'))));
  read('/admin/queues/{name}', showQueue, true);
  read('/admin/api/session', session);
  read('/admin/api/queues', listQueues);
  read('/admin/api/queues/{name}/messages', listMessages, true);
  act('/admin/createDestination.action', createQueue);
  act('/admin/deleteDestination.action', deleteQueue);
  act('/admin/purgeDestination.action', purgeQueue);
  act('/admin/retryMessages.action', retryMessages);
  act('/admin/moveMessages.action', moveMessages);
  return routes;
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
