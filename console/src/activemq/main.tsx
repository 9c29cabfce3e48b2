// The web console of a broker of ActiveMQ's type: one page over its API.

import { linksOf } from '../broker/areas.tsx';
import { BrokerApp } from '../broker/broker-app.tsx';
import { startBroker } from '../broker/start-broker.tsx';
import { signIn } from './api.ts';
import { Blocked } from './overview/blocked.tsx';
import { areas } from './pages.tsx';

startBroker(
  <BrokerApp
    areas={areas}
    navigation={() => linksOf(areas)}
    banner={<Blocked />}
    signIn={signIn}
    hint="Users of the broker with console access"
  />,
);
