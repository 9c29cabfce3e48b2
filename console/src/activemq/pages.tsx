// The pages of the console, each loaded when it is first opened.

import { lazy } from 'react';
import type { Areas } from '../broker/areas.tsx';

/** All pages. */
export const areas: Areas = {
  overview: { name: 'Overview', list: lazy(() => import('./overview/overview-page.tsx')) },
  connections: {
    name: 'Connections',
    list: lazy(() => import('./connections/connection-list.tsx')),
    one: [lazy(() => import('./connections/connection-page.tsx')), 1],
  },
  queues: {
    name: 'Queues',
    list: lazy(() => import('./queues/queue-list.tsx')),
    one: [lazy(() => import('./queues/queue-page.tsx')), 1],
  },
  topics: {
    name: 'Topics',
    list: lazy(() => import('./topics/topic-list.tsx')),
    one: [lazy(() => import('./topics/topic-page.tsx')), 1],
  },
  subscribers: {
    name: 'Durable subscribers',
    list: lazy(() => import('./subscribers/subscriber-list.tsx')),
  },
  consumers: {
    name: 'Subscriptions',
    list: lazy(() => import('./subscribers/consumer-list.tsx')),
  },
  scheduled: {
    name: 'Scheduled messages',
    list: lazy(() => import('./scheduled/scheduled-list.tsx')),
  },
  'dead-letters': {
    name: 'Dead letters',
    list: lazy(() => import('./queues/dead-letter-list.tsx')),
  },
};
