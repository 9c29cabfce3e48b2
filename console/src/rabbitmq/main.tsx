// The web console of a broker of RabbitMQ's type: one page over its management API.

import { BrokerApp } from '../broker/broker-app.tsx';
import { startBroker } from '../broker/start-broker.tsx';
import { signIn } from './api.ts';
import { Alarms } from './overview/alarms.tsx';
import { areas, navigation } from './pages.tsx';

const hint =
  'Users of the broker with the tag management, policymaker, monitoring or administrator';

startBroker(
  <BrokerApp
    areas={areas}
    navigation={navigation}
    banner={<Alarms />}
    signIn={signIn}
    hint={hint}
  />,
);
