// Checks of brokers, and of TLS.

import type { BrokerRecord } from '../../control/broker-record.ts';
import type { AdviceParts, Check, Observation } from './advice-parts.ts';

function* ofBrokers(
  { brokers }: AdviceParts,
  observe: (broker: BrokerRecord) => Omit<Observation, 'subject'> | undefined,
) {
  for (const broker of brokers.all()) {
    yield () => {
      const observed = observe(broker);
      return observed && { subject: `broker ${broker.name} (${broker.id})`, ...observed };
    };
  }
}

const serviceOwnedKey: Check = {
  name: 'service-owned-key',
  why: 'encryption with a key that the account controls and whose uses it sees in its trail',
  examinations: (parts) =>
    ofBrokers(parts, ({ id, key }) =>
      key.owner === 'service'
        ? {
            what: 'encrypted under a key that is owned by the service',
            fix: `waxwing volume rewrap ${id} --kms-key-id ID, with the id of a key from aws kms create-key`,
          }
        : undefined,
    ),
};

const logOff: Check = {
  name: 'broker-log-off',
  why: 'logging of the activity of users',
  examinations: (parts) =>
    ofBrokers(parts, ({ id, generalLog, auditLog, pending }) => {
      const general = pending.generalLog ?? generalLog;
      const audit = pending.auditLog ?? auditLog;
      const off = [...(general ? [] : ['general']), ...(audit === false ? ['audit'] : [])];
      if (off.length === 0) return undefined;
      const option = ['General=true', ...(audit === null ? [] : ['Audit=true'])].join(',');
      return {
        what: `the ${off.join(' log and the ')} log ${off.length > 1 ? 'are' : 'is'} off`,
        fix: `aws mq update-broker --broker-id ${id} --logs ${option}; aws mq reboot-broker --broker-id ${id}`,
      };
    }),
};

const tls12Clients: Check = {
  name: 'tls-1.2-clients',
  why: 'TLS 1.3, which is recommended, where TLS 1.2 is required',
  *examinations({ tls12Counts }) {
    let counts: Promise<ReadonlyMap<string, number>> | undefined;
    const found = () => {
      counts ??= tls12Counts();
      return counts;
    };
    // One subject, because the brokers are known only after all of them were asked.
    yield async () => {
      const seen = [...(await found())].filter(([, count]) => count > 0);
      if (seen.length === 0) return undefined;
      const shown = seen.slice(0, shownCountMax).map(([name, count]) => `${name}: ${count}`);
      const more = seen.length > shownCountMax ? `, and ${seen.length - shownCountMax} more` : '';
      return {
        subject: 'connections',
        what: `TLS 1.2 handshakes since the start: ${shown.join(', ')}${more}`,
        fix: 'update the clients to TLS 1.3; the metric waxwing_tls_handshakes_total counts them',
      };
    };
  },
};

/** Maximum number of brokers that one finding names. */
const shownCountMax = 20;

const tlsParity: Check = {
  name: 'tls-parity',
  why: 'TLS 1.3, which is recommended, and suites with forward secrecy',
  *examinations({ settings }) {
    yield () =>
      settings.hasTlsParity
        ? {
            subject: 'setting --tls-parity',
            what: 'TLS 1.3 is off, and ActiveMQ brokers accept suites without forward secrecy',
            fix: 'waxwing serve without --tls-parity',
          }
        : undefined;
  },
};

/** The checks of brokers and of TLS. Connections to LDAP servers always use TLS. */
export const brokerChecks: readonly Check[] = [serviceOwnedKey, logOff, tls12Clients, tlsParity];
